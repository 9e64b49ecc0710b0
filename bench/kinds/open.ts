import { setTimeout as sleep } from 'node:timers/promises'
import { sendSignal } from '../../tools/processes.ts'
import type { Bout, Kind } from '../bout.ts'
import { type LoadChild, loadChild } from '../load/child.ts'
import type { OpenAsk, OpenFigures } from '../load/open.ts'
import type { Figures } from '../metrics.ts'

/** How long a successor is waited for after the load. */
const REPLACED_LIMIT_MS = 10_000
/** An answer in a hundred may fail before a round counts as failed. */
const MOST_FAILED = 0.01

/** At a rate that is the same for all. */
export const open: Kind<'open'> = async (bout) => {
  const { server, load, plan, requestsPerSecond } = bout
  const seconds = Math.max(1, load.seconds * plan.share)
  const cpuBefore = server.cpuSeconds
  const found = await begin(bout, requestsPerSecond, seconds, load.other).result
  const cpu = ((server.cpuSeconds - cpuBefore) / (requestsPerSecond * (seconds + plan.warmupSeconds))) * 1000
  if (found.failed > MOST_FAILED * requestsPerSecond * seconds)
    throw new Error(`${found.failed} requests failed, the first one: ${found.firstFailure}`)
  return { ...figuresOf(found), cpu }
}

/** One of its workers is killed. */
export const respawn: Kind<'respawn'> = async (bout) => {
  const { server, load, plan } = bout
  const seconds = Math.max(2, load.seconds * plan.share)
  const loading = begin(bout, load.requestsPerSecond, seconds)
  await sleep((plan.warmupSeconds + seconds / 4) * 1000)
  const before = server.workers
  const victim = before.at(-1)
  if (!victim || before.length < 2) throw new Error('there is no worker that could be spared')
  const killedAt = Date.now()
  sendSignal(victim.pid, 'SIGKILL')
  const isBack = await replacement(
    bout,
    before.map(({ pid }) => pid),
  )
  const found = await loading.result
  if (!(`pid ${victim.pid}` in found.firstSeen)) throw new Error('the killed process had served nobody')
  // By the first answer of a process that was not there; where none was asked, by the process itself.
  const known = new Set(before.map(({ pid }) => `pid ${pid}`))
  const firsts = Object.entries(found.firstSeen).filter(([text, at]) => !known.has(text) && at >= killedAt)
  const at = firsts.length ? Math.min(...firsts.map(([, when]) => when)) : isBack
  if (at === null) throw new Error('the killed worker was not replaced')
  return { ...figuresOf(found), replacedMs: at - killedAt }
}

/** Reloads, evenly spread. */
export const reload: Kind<'reload'> = async (bout) => {
  const { server, load, plan } = bout
  const seconds = Math.max(3, load.seconds * plan.share)
  const loading = begin(bout, load.requestsPerSecond, seconds)
  await sleep(plan.warmupSeconds * 1000)
  const before = new Set(server.workers.map(({ pid }) => pid))
  for (let turn = 0; turn < load.reloads; turn++) {
    await sleep((seconds * 1000) / (load.reloads + 1))
    sendSignal(server.pid, 'SIGHUP')
  }
  const found = await loading.result
  if (server.workers.some(({ pid }) => before.has(pid))) throw new Error('SIGHUP does not reload it')
  return { ...figuresOf(found), reloads: load.reloads }
}

function begin(
  { server, scenario, plan, isKeptAlive }: Pick<Bout, 'server' | 'scenario' | 'plan' | 'isKeptAlive'>,
  requestsPerSecond: number,
  seconds: number,
  other?: OpenAsk['other'],
): LoadChild<OpenFigures> {
  const ask: OpenAsk = {
    port: server.port,
    path: scenario.exchange.path,
    cookie: scenario.exchange.cookie,
    requestsPerSecond,
    seconds,
    warmupSeconds: plan.warmupSeconds,
    connections: scenario.connections,
    closes: !isKeptAlive,
    other,
  }
  return loadChild('openChild', ask, scenario.loadCores, seconds + plan.warmupSeconds)
}

/** When a process was there that had not been, milliseconds of the epoch. */
async function replacement({ server }: Pick<Bout, 'server'>, known: readonly number[]): Promise<number | null> {
  for (const deadline = Date.now() + REPLACED_LIMIT_MS; Date.now() < deadline; await sleep(20))
    if (server.workers.some(({ pid }) => !known.includes(pid))) return Date.now()
  return null
}

function figuresOf({ p50, p99, p999, longest, failed, answered, seconds }: OpenFigures): Figures {
  return { p50, p99, p999, longest, failed, rate: answered / seconds, requests: answered }
}
