/** What the choice needs to know of a worker. */
export interface Candidate {
  /** Requests it was given and has not answered. */
  readonly load: number
  /** How many it may have at once: its threads, and what may be sent ahead just now. */
  readonly room: number
}

/** The least busy worker that has room; ties go round, so that no worker is the first always. Null: all are full. */
export function leastBusy<C extends Candidate>(workers: readonly C[], turn: number): C | null {
  let best: C | null = null
  const count = workers.length
  for (let i = 0; i < count; i++) {
    const worker = workers[(turn + i) % count]!
    if (worker.load < worker.room && (best === null || worker.load < best.load)) best = worker
  }
  return best
}
