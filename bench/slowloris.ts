/**
 * What a thousand connections that send a byte now and then take from the others, by turns with and without:
 * node build/bench/slowloris.js [--rounds N] [--seconds N] [--connections N]
 */
import { Slowloris } from '../tests/kit/crowd.ts'
import { byHand, dram, median, option, say, table, wrk } from './byHand.ts'

const ROUNDS = option('rounds', 7)
const SECONDS = option('seconds', 3)
const COUNT = option('connections', 1_000)
const CONNECTIONS = 64
const GOAL = 0.9

await byHand('Slow connections', async (scope, tools) => {
  const server = await dram(scope, tools, 'flask_hello', ['--workers', '2'])
  const rate = async () => {
    const { requests, microseconds, status, socket } = await wrk(server.link, CONNECTIONS, SECONDS)
    if (status + socket > 0) throw new Error(`${status} answers were errors, ${socket} connections broke`)
    return requests / (microseconds / 1e6)
  }
  await rate()
  const plain: number[] = []
  const beside: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(await rate())
    const slow = await Slowloris.begin(scope, server.port, COUNT)
    beside.push(await rate())
    slow.end()
  }
  const ratios = beside.map((value, round) => value / plain[round]!)
  say(
    `Flask, ${CONNECTIONS} connections, ${COUNT} slow ones that send a byte a second each, ${ROUNDS} × ${SECONDS} s\n`,
  )
  table(
    ['requests/s without', 'beside them', 'ratio, median of the rounds', 'least', 'most'],
    [[median(plain), median(beside)].map((value) => value.toFixed(0)).concat(ratioCells(ratios))],
  )
  if (median(ratios) < GOAL) process.exitCode = 1
})

function ratioCells(ratios: readonly number[]): string[] {
  return [median(ratios), Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(3))
}
