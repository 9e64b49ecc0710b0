import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Figures } from './metrics.ts'
import type { Configuration, Folders, PeerName } from './peers.ts'
import type { Scenario } from './scenarios.ts'
import { Server } from './server.ts'

export interface Plan {
  readonly folders: Folders
  /** wrk's script that prints its figures. */
  readonly wrkScript: string
  /** Load in one round, and before it, in whole seconds. */
  readonly seconds: number
  readonly warmupSeconds: number
  /** Of the requests of a scenario that counts them; below 1 in a smoke run. */
  readonly share: number
}

export interface Round {
  readonly figures: Figures
  readonly isKeptAlive: boolean
}

/** One round of one peer: start, check, warm up, measure, stop. Throws when the peer fails. */
export async function measure(
  peer: PeerName,
  scenario: Scenario,
  configuration: Configuration,
  plan: Plan,
): Promise<Round> {
  const server = await Server.start(peer, scenario, configuration, plan.folders)
  try {
    const isKeptAlive = await server.check(scenario.connections)
    const run = (seconds: number) => load(server.url, scenario, seconds, isKeptAlive, plan)
    return {
      figures: await (scenario.amount.kind === 'time' ? byTime : byRequests)(server, scenario, run, plan),
      isKeptAlive,
    }
  } finally {
    await server.stop()
  }
}

type Run = (seconds: number) => Promise<Load>

async function byTime(server: Server, _: Scenario, run: Run, plan: Plan): Promise<Figures> {
  if (plan.warmupSeconds > 0) await run(plan.warmupSeconds)
  const cpuBefore = server.cpuSeconds
  const { requests, microseconds, p50, p99 } = await run(plan.seconds)
  const cpu = ((server.cpuSeconds - cpuBefore) / requests) * 1e6
  return { rate: requests / (microseconds / 1e6), p50, p99, cpu, requests }
}

async function byRequests(server: Server, { amount }: Scenario, run: Run, plan: Plan): Promise<Figures> {
  if (amount.kind !== 'requests') throw new TypeError('not a scenario that counts requests')
  const deadline = performance.now() + amount.maxSeconds * 1000 * plan.share
  let requests = 0
  let perSecond = 0
  const until = async (total: number) => {
    while (requests < total && performance.now() < deadline) {
      // wrk knows only time: most of the way first, then second by second.
      const seconds = Math.max(1, Math.floor(perSecond ? (total - requests) / perSecond : 1))
      const left = Math.max(1, Math.ceil((deadline - performance.now()) / 1000))
      const done = await run(Math.min(seconds, left))
      requests += done.requests
      perSecond = done.requests / (done.microseconds / 1e6)
    }
    return server.rssMiB
  }
  const rssEarly = await until(amount.early * plan.share)
  const rss = await until(amount.total * plan.share)
  return { rss, rssEarly, pss: server.pssMiB, requests }
}

interface Load {
  readonly requests: number
  readonly microseconds: number
  readonly p50: number
  readonly p99: number
  /** Answers of 400 and above, answers that took over two seconds, and connections that failed. */
  readonly status: number
  readonly timeout: number
  readonly socket: number
}

/** Throws when an answer is an error, and when a connection breaks that should be kept. */
async function load(url: string, scenario: Scenario, seconds: number, isKeptAlive: boolean, plan: Plan): Promise<Load> {
  const { stdout } = await promisify(execFile)('taskset', [
    ...['-c', scenario.loadCores, 'wrk', '--threads', '1', '--connections', `${scenario.connections}`],
    ...['--duration', `${seconds}s`, '--script', plan.wrkScript, url],
  ])
  const figures = /^RESULT (.*)$/m.exec(stdout)?.[1]
  if (!figures) throw new Error('wrk gave no result')
  const result: Load = JSON.parse(figures)
  if (result.requests === 0) throw new Error('no request was answered')
  if (result.status > 0) throw new Error(`${result.status} of ${result.requests} answers were errors`)
  if (isKeptAlive && result.socket > 0) throw new Error(`${result.socket} connections broke`)
  return result
}
