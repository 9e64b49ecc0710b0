import { equal } from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Response } from './client.ts'
import type { Scope } from './ends.ts'
import { folder, type LiveServer } from './server.ts'
import { eventually } from './wait.ts'
import type { WallClock } from './wallClock.ts'

/** A request to tests/live/apps/green.py that runs until it is let go. */
export class LongRequest {
  readonly answer: Promise<Response>
  readonly #file: string
  #isOver = false

  private constructor(scope: Scope, server: LiveServer) {
    this.#file = join(folder(scope), 'go')
    this.answer = server.get(`/until?file=${this.#file}`).finally(() => {
      this.#isOver = true
    })
    this.answer.catch(() => {})
  }

  /** Resolves once it runs. */
  static async begin(scope: Scope, server: LiveServer): Promise<LongRequest> {
    const one = new LongRequest(scope, server)
    await eventually(() => existsSync(`${one.#file}.entered`), 'the request to be entered')
    return one
  }

  get isOver(): boolean {
    return this.#isOver
  }

  letGo(): void {
    writeFileSync(this.#file, '')
  }
}

/** The server has seen its new time: a connection that came with the old one may be closed for being slow. */
async function looked(server: LiveServer): Promise<void> {
  for (let times = 0; times < 2; times++)
    await eventually(() => server.get('/').then(Boolean, () => false), 'an answer at the new time')
}

/**
 * A request that takes 45 s by the clock of a server that was started with it. `isBounded`: it gets 504 after 30 s, else
 * it is answered in the end; either way the log has `records` of it, with the stack.
 */
export async function takes45Seconds(
  scope: Scope,
  server: LiveServer,
  clock: WallClock,
  expected: { readonly isBounded: boolean; readonly records: number },
): Promise<void> {
  const long = await LongRequest.begin(scope, server)
  clock.pass(29)
  await looked(server)
  equal(long.isOver, false, 'after 29 s it runs')
  clock.pass(45)
  if (!expected.isBounded) {
    if (expected.records > 0) await server.until(/\/until: no answer within 30s; it goes on/)
    else await looked(server)
    equal(long.isOver, false, 'after 45 s it runs')
    long.letGo()
  }
  const answer = await long.answer
  equal(answer.status, expected.isBounded ? 504 : 200)
  if (expected.records > 0) await server.until(/green\.py", line \d+, in until/)
  equal(server.lines.filter((line) => /\/until: no answer within/.test(line)).length, expected.records)
}
