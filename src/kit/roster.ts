/** A member of a roster keeps its own place; −1 where it is in none. */
export interface Enlisted {
  rosterAt: number
}

/**
 * Members that come and go by the thousand, in no order. Not a Set: under churn each of its rehashed tables keeps
 * pointing to the next and to all it held (see worker/running.ts).
 */
export class Roster<T extends Enlisted> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: T): void {
    member.rosterAt = this.#members.length
    this.#members.push(member)
  }

  /** The last one takes its place. */
  delete(member: T): void {
    const last = this.#members.at(-1)
    if (last === undefined || this.#members[member.rosterAt] !== member) return
    this.#members[member.rosterAt] = last
    last.rosterAt = member.rosterAt
    member.rosterAt = -1
    this.#members.pop()
  }

  /** All, for a loop in which members may leave. */
  all(): T[] {
    return [...this.#members]
  }
}
