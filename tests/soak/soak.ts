/**
 * `node build/tests/soak/soak.js [--minutes N] [--seed N] [--lanes N]`: mixed load while the server is reloaded, its
 * workers are recycled and its processes are killed. Every request is answered, and run once at most; what got 200 was
 * run exactly once; only what a killed worker had begun may get 502 or lose the rest of its answer.
 */
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Scope } from '../kit/ends.ts'
import { Notes } from '../kit/gate.ts'
import { judgeKilled, Load } from '../kit/load.ts'
import { openDescriptors, rssBytes } from '../kit/processes.ts'
import { type LiveServer, PYTHON, start } from '../kit/server.ts'
import { Chaos } from './chaos.ts'
import { mixed } from './mix.ts'

export interface SoakOptions {
  readonly seconds: number
  readonly seed: number
  readonly lanes: number
  readonly say: (line: string) => void
}

export interface Outcome {
  readonly requests: number
  readonly statuses: Readonly<Record<number, number>>
  /** Answers of killed workers that had begun. */
  readonly cut: number
  readonly blows: Readonly<Record<string, number>>
  readonly reloads: number
  readonly recycled: number
  readonly longestMs: number
  readonly p99Ms: number
}

const ARGS = [
  ...['--workers', '3', '--threads', '2', '--max-requests', '100', '--max-worker-age', '2s'],
  ...['--body-memory', '1MiB', '--body-buffer', '16KiB', '--timeout', '20s', '--log-format', 'json'],
]
const SAY_EVERY_MS = 10_000
/** The queue's time-out, and some more. */
const GUARD_MS = 45_000

/** Throws where a request was lost, doubled, mixed up or refused. */
export async function soak(scope: Scope, { seconds, seed, lanes, say }: SoakOptions): Promise<Outcome> {
  const notes = new Notes(scope)
  const server = await start(scope, 'soaked.py', ARGS, { env: { NOTES: notes.path } })
  const load = await Load.begin(scope, server, { ask: mixed(seed), lanes })
  const chaos = new Chaos(server, seed, () => lately(notes))
  const until = performance.now() + seconds * 1000
  let sayAt = performance.now() + SAY_EVERY_MS
  for (let left = seconds * 1000; left > 0; left = until - performance.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, chaos.pauseMs)))
    await chaos.strike()
    if (performance.now() >= sayAt) {
      say(
        `${chaos.blows.length} blows, ${load.answers.length} answers ${JSON.stringify(load.statuses)}, ${facts(server)}`,
      )
      sayAt = performance.now() + SAY_EVERY_MS
    }
  }
  await load.more(lanes, GUARD_MS)
  await load.stop(GUARD_MS)
  const { code } = await server.stop(GUARD_MS)
  await server.gone()
  judgeKilled(load, notes, chaos.killed)
  if (code !== 0) throw new Error(`the server ended with exit code ${code}`)
  return outcomeOf(server, load, chaos)
}

/** Who ran the last requests; asked for often, so only the end of the file would do, but it is small enough. */
function lately(notes: Notes): number[] {
  return [
    ...new Set(
      notes
        .lines()
        .slice(-50)
        .map((line) => Number(line.split(' ')[1])),
    ),
  ]
}

function facts(server: LiveServer): string {
  const mebibytes = (rssBytes(server.pid) / 1024 / 1024).toFixed(0)
  return `front ${mebibytes} MiB, ${openDescriptors(server.pid).length} descriptors, ${server.pythons().length} Pythons`
}

function outcomeOf(server: LiveServer, load: Load, chaos: Chaos): Outcome {
  const blows: Record<string, number> = {}
  for (const { what, pid } of chaos.blows)
    if (pid !== null || what.includes('reload')) blows[what] = (blows[what] ?? 0) + 1
  const count = (pattern: RegExp) => server.lines.filter((line) => pattern.test(line)).length
  return {
    requests: load.answers.length,
    statuses: load.statuses,
    cut: load.failures.length,
    blows,
    reloads: count(/"event":"reloaded"/),
    recycled: count(/"reason":"(requests|age)"/),
    longestMs: Math.round(load.quantileMs(1)),
    p99Ms: Math.round(load.quantileMs(0.99)),
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, lanes: { type: 'string' } },
  })
  const seed = Number(values.seed ?? randomInt(2 ** 31))
  const minutes = Number(values.minutes ?? 10)
  const say = (line: string) => void process.stdout.write(`${line}\n`)
  const ends: (() => unknown)[] = []
  say(`${minutes} minutes, seed ${seed}, ${PYTHON}`)
  try {
    const scope = { after: (end: () => unknown) => void ends.push(end) } as Scope
    const options = { seconds: minutes * 60, seed, lanes: Number(values.lanes ?? 24), say }
    say(JSON.stringify(await soak(scope, options), null, 2))
    say('every request was answered, and run once at most')
  } finally {
    for (const end of ends) await end()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2))
