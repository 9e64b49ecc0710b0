/**
 * How many requests one connection may have with the workers at a time, where `room` is what all workers take and
 * `connections` have any there. Those that send singly never ask.
 */
export function shareOf(room: number, connections: number): number {
  return Math.max(1, Math.floor(room / Math.max(1, connections)))
}
