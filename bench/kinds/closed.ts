import type { Kind } from '../bout.ts'
import { perSecond } from '../load/wrk.ts'

/** As fast as it goes. */
export const closed: Kind<'closed'> = async ({ server, scenario: { exchange }, load, plan, wrk }) => {
  if (plan.warmupSeconds > 0) await wrk(Math.max(plan.warmupSeconds, load.leastWarmupSeconds ?? 0))
  const cpuBefore = server.cpuSeconds
  const found = await wrk(plan.share < 1 ? plan.seconds : Math.max(plan.seconds, load.leastSeconds ?? 0))
  const rate = perSecond(found)
  const cpu = ((server.cpuSeconds - cpuBefore) / found.requests) * 1000
  const bodyBytes = (exchange.bodyBytes ?? 0) + ('bytes' in exchange.answer ? exchange.answer.bytes : 0)
  const { requests, p50, p99 } = found
  return { rate, gbit: (rate * bodyBytes * 8) / 1e9, p50, p99, cpu, pss: server.pssMiB, requests }
}

/** Until so many were answered: what it has taken by then. */
export const count: Kind<'count'> = async ({ server, load, plan, wrk }) => {
  const deadline = performance.now() + load.maxSeconds * 1000 * plan.share
  let requests = 0
  let rate = 0
  const until = async (total: number) => {
    while (requests < total && performance.now() < deadline) {
      // wrk knows only time: most of the way first, then second by second.
      const seconds = Math.max(1, Math.floor(rate ? (total - requests) / rate : 1))
      const left = Math.max(1, Math.ceil((deadline - performance.now()) / 1000))
      const found = await wrk(Math.min(seconds, left))
      requests += found.requests
      rate = perSecond(found)
    }
    return server.rssMiB
  }
  const rssEarly = await until(load.early * plan.share)
  const rss = await until(load.total * plan.share)
  return { rss, rssEarly, pss: server.pssMiB, requests }
}

/** What its processes hold after they have worked. */
export const footprint: Kind<'footprint'> = async ({ server, plan, wrk }) => {
  await wrk(plan.seconds)
  return { pssPython: server.pythonPssMiB, pss: server.pssMiB }
}
