/**
 * What preloading saves, and how fast a killed worker is replaced:
 * node build/bench/preload.js [--requests N] [--kills N]
 */
import { join } from 'node:path'
import { processRow, pssBytes, sendSignal } from '../tests/kit/processes.ts'
import { type LiveServer, type Scope, start } from '../tests/kit/server.ts'
import { APPS, byHand, dram, median, option, say, table } from './byHand.ts'
import type { Tools } from './tools.ts'

const REQUESTS = option('requests', 2000)
const KILLS = option('kills', 20)
const AT_ONCE = 8
const MIB = 1024 * 1024
const APPLICATIONS = [
  { name: 'Flask', module: 'flask_hello' },
  { name: 'Django', module: 'django_hello' },
] as const
const COUNTS = [2, 4, 8, 16]

interface Memory {
  /** PSS of all Python processes, and of all processes, MiB. */
  readonly pythons: number
  readonly all: number
}

await byHand('Preloading', async (scope, tools) => {
  for (const { name, module } of APPLICATIONS) {
    say(`### ${name}, after ${REQUESTS} requests, PSS in MiB\n`)
    const rows: (string | number)[][] = []
    for (const workers of COUNTS) {
      const alone = await measured(await gunicorn(scope, tools, module, workers), false)
      const never = await measured(await ours(scope, tools, module, workers, 'never'), true)
      const auto = await measured(await ours(scope, tools, module, workers, 'auto'), true)
      rows.push([
        workers,
        alone.all.toFixed(1),
        never.pythons.toFixed(1),
        auto.pythons.toFixed(1),
        (auto.pythons / alone.pythons).toFixed(2),
        auto.all.toFixed(1),
        (auto.all / alone.all).toFixed(2),
      ])
    }
    table(
      [
        'workers',
        'gunicorn',
        'dram, Pythons, never',
        'dram, Pythons, auto',
        '÷ gunicorn',
        'with the front',
        '÷ gunicorn',
      ],
      rows,
    )
    say(`The front included, dram uses less from ${breakEven(rows)} workers on.\n`)
  }
  await replacements(scope, tools)
})

async function ours(scope: Scope, tools: Tools, module: string, workers: number, preload: string): Promise<LiveServer> {
  return dram(scope, tools, module, ['--workers', `${workers}`, '--preload', preload])
}

/** Without preload, its default; sync workers, the smallest it has. */
async function gunicorn(scope: Scope, tools: Tools, module: string, workers: number): Promise<LiveServer> {
  const command = [
    join(tools.bin, 'gunicorn'),
    '--bind',
    '127.0.0.1:0',
    '--workers',
    `${workers}`,
    '--no-control-socket',
  ]
  const options = { cwd: APPS, command, bind: false, python: false } as const
  const server = await start(scope, `${module}:application`, [], options)
  server.port = Number((await server.until(/Listening at: http:\/\/127\.0\.0\.1:(\d+)/))[1])
  return server
}

async function measured(server: LiveServer, hasFront: boolean): Promise<Memory> {
  let left = REQUESTS
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    while (left-- > 0) {
      const { status } = await server.get('/')
      if (status !== 200) throw new Error(`an answer of ${status}`)
    }
  })
  await Promise.all(lanes)
  const rows = server.processes().map(({ pid }) => ({ pid, bytes: pssBytes(pid) }))
  const sum = (some: typeof rows) => some.reduce((total, { bytes }) => total + bytes, 0) / MIB
  const memory = { pythons: sum(rows.filter(({ pid }) => !hasFront || pid !== server.pid)), all: sum(rows) }
  await server.stop()
  return memory
}

/** Interpolated from the rows: what is used is close to linear in the number of workers. */
function breakEven(rows: readonly (readonly (string | number)[])[]): string {
  const lines = [1, 5].map((column) => {
    const [first, last] = [rows[0]!, rows.at(-1)!]
    const slope = (Number(last[column]) - Number(first[column])) / (Number(last[0]) - Number(first[0]))
    return { slope, start: Number(first[column]) - slope * Number(first[0]) }
  })
  const [alone, auto] = lines as [(typeof lines)[0], (typeof lines)[0]]
  if (auto.slope >= alone.slope) return 'no number of'
  return Math.max(1, (auto.start - alone.start) / (alone.slope - auto.slope)).toFixed(1)
}

/** From the kill of the only worker to the answer of its successor, for which a request waits meanwhile. */
async function replacements(scope: Scope, tools: Tools): Promise<void> {
  say(`### A killed worker is replaced, ${KILLS} times, ms\n`)
  const rows: string[][] = []
  for (const { name, module } of APPLICATIONS)
    for (const preload of ['auto', 'never']) {
      const server = await ours(scope, tools, module, 1, preload)
      const times: number[] = []
      for (let kill = 0; kill < KILLS; kill++) {
        // It has to have shown that it can serve, or else the next one is held back.
        for (let at = 0; at < 20; at++) await server.get('/')
        const worker = leafOf(server)
        const began = performance.now()
        sendSignal(worker, 'SIGKILL')
        let status = 0
        while (status !== 200) ({ status } = await server.get('/'))
        times.push(performance.now() - began)
      }
      rows.push([name, preload, median(times).toFixed(1), Math.max(...times).toFixed(1)])
      await server.stop()
    }
  table(['application', '--preload', 'median', 'longest'], rows)
}

/** The process without children of its own: the one worker. */
function leafOf(server: LiveServer): number {
  const rows = server.pythons()
  const leaf = rows.find(({ pid }) => !rows.some(({ parent }) => parent === pid))
  if (!leaf || !processRow(leaf.pid)) throw new Error('there is no worker')
  return leaf.pid
}
