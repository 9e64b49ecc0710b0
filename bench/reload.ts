/**
 * What 64 kept-alive connections feel of reloads, one right after the other:
 * node build/bench/reload.js [--rounds N] [--seconds N]
 */
import { sendSignal } from '../tests/kit/processes.ts'
import type { LiveServer } from '../tests/kit/server.ts'
import { byHand, dram, type Figures, median, option, say, table, wrk } from './byHand.ts'

const CONNECTIONS = 64
const ROUNDS = option('rounds', 6)
const SECONDS = option('seconds', 8)
const WORKERS = option('workers', 2)

interface Row {
  readonly name: string
  readonly module: string
  readonly args: readonly string[]
}

const ROWS: readonly Row[] = [
  { name: 'hello', module: 'hello', args: [] },
  { name: 'Flask', module: 'flask_hello', args: [] },
  { name: 'Flask, not preloaded', module: 'flask_hello', args: ['--preload', 'never'] },
  { name: 'Flask, rolling', module: 'flask_hello', args: ['--reload-strategy', 'rolling'] },
]

await byHand('Reloads under load', async (scope, tools) => {
  say(`${CONNECTIONS} connections, ${WORKERS} workers, ${ROUNDS} rounds of ${SECONDS} s with and without, by turns\n`)
  const cells: string[][] = []
  for (const { name, module, args } of ROWS) {
    const server = await dram(scope, tools, module, ['--workers', `${WORKERS}`, ...args])
    await wrk(server.link, CONNECTIONS, 2)
    const plain: Figures[] = []
    const reloaded: Figures[] = []
    let reloads = 0
    for (let round = 0; round < ROUNDS; round++) {
      plain.push(await wrk(server.link, CONNECTIONS, SECONDS))
      const [figures, count] = await reloading(server, () => wrk(server.link, CONNECTIONS, SECONDS))
      reloaded.push(figures)
      reloads += count
    }
    cells.push(cellsOf(name, plain, reloaded, reloads))
    await server.stop()
  }
  table(
    ['application', 'reloads', 'p99, ms', 'with reloads', '×', 'longest, ms', 'with reloads', '+ ms', 'failed'],
    cells,
  )
})

/** Reloads again and again until `load` is over. */
async function reloading(server: LiveServer, load: () => Promise<Figures>): Promise<[Figures, number]> {
  let isOver = false
  const loading = load().finally(() => {
    isOver = true
  })
  let count = 0
  while (!isOver) {
    const from = server.lines.length
    sendSignal(server.pid, 'SIGHUP')
    const line = await server.until(/reloaded: generation|reload failed/, { from })
    if (/failed/.test(line.input!)) throw new Error(line.input)
    count++
  }
  return [await loading, count]
}

function cellsOf(name: string, plain: readonly Figures[], reloaded: readonly Figures[], reloads: number): string[] {
  const p99 = (figures: readonly Figures[]) => median(figures.map((one) => one.p99)) / 1000
  const longest = (figures: readonly Figures[]) => Math.max(...figures.map((one) => one.max)) / 1000
  const failed = reloaded.reduce((sum, one) => sum + one.status + one.timeout + one.socket, 0)
  return [
    name,
    `${reloads}`,
    p99(plain).toFixed(1),
    p99(reloaded).toFixed(1),
    (p99(reloaded) / p99(plain)).toFixed(1),
    longest(plain).toFixed(0),
    longest(reloaded).toFixed(0),
    (longest(reloaded) - longest(plain)).toFixed(0),
    `${failed}`,
  ]
}
