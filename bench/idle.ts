/**
 * What idle kept-alive connections cost, and what they take from the others:
 * node build/bench/idle.js [--seconds N]
 */
import { idleCrowd } from '../tests/kit/crowd.ts'
import { pssBytes } from '../tests/kit/processes.ts'
import type { Scope } from '../tests/kit/server.ts'
import { byHand, dram, median, option, say, table, wrk } from './byHand.ts'

const COUNTS = [1_000, 5_000, 10_000]
const SECONDS = option('seconds', 3)
const ROUNDS = option('rounds', 3)
const CONNECTIONS = 64

await byHand('Idle connections', async (scope, tools) => {
  say(
    `requests/s of ${CONNECTIONS} connections beside them, median of ${ROUNDS} × ${SECONDS} s; the smallest application\n`,
  )
  const rows: string[][] = []
  const server = await dram(scope, tools, 'hello', ['--workers', '2', '--keep-alive', '1h'])
  const load = async () => {
    const rates: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const { requests, microseconds } = await wrk(server.link, CONNECTIONS, SECONDS)
      rates.push(requests / (microseconds / 1e6))
    }
    return median(rates)
  }
  await load()
  const plain = await load()
  const before = pssBytes(server.pid)
  rows.push(['0', (before / 1024 / 1024).toFixed(1), '', plain.toFixed(0), ''])
  const crowd: Scope = { after: (end) => scope.after(end) }
  let count = 0
  for (const wanted of COUNTS) {
    await idleCrowd(crowd, server.port, wanted - count)
    count = wanted
    const rate = await load()
    const now = pssBytes(server.pid)
    rows.push([
      `${wanted}`,
      (now / 1024 / 1024).toFixed(1),
      ((now - before) / 1024 / wanted).toFixed(1),
      rate.toFixed(0),
      (rate / plain).toFixed(2),
    ])
  }
  table(['idle connections', 'front, PSS, MiB', 'KiB each', 'requests/s', '÷ without'], rows)
})
