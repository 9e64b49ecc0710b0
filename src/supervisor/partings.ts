import type { Crew } from './crew.ts'
import type { Member } from './member.ts'

/** Whoever signals the whole group signals the front as well: so long it is waited for. */
export const GROUP_MS = 250

/** Workers that were sent a signal, by an operator or with the whole group, and ask to leave. */
export class Partings {
  readonly #crew: Crew
  readonly #asked = new Map<Member, { readonly isFast: boolean; readonly atMs: number }>()
  #isPassedOver = false

  constructor(crew: Crew) {
    this.#crew = crew
  }

  ask(member: Member, isFast: boolean, nowMs: number): void {
    if (!this.#isPassedOver) this.#asked.set(member, { isFast, atMs: nowMs })
  }

  /** All of it stops: from now on nobody is let go for a signal of its own. */
  passOver(): void {
    this.#isPassedOver = true
    this.#asked.clear()
  }

  /** Marks those that are to be replaced, or drains them; `reconcile` does the rest. */
  tick(nowMs: number): void {
    for (const [member, { isFast, atMs }] of this.#asked) {
      if (nowMs - atMs < GROUP_MS) continue
      this.#asked.delete(member)
      if (isFast) this.#crew.quit(member, 'asked')
      else if (member.state === 'serving' && !member.isOver) member.end ??= 'asked'
    }
  }
}
