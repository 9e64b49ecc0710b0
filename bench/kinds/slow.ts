import { setTimeout as sleep } from 'node:timers/promises'
import { type Kind, wrkAsk } from '../bout.ts'
import { loadChild } from '../load/child.ts'
import { perSecond, wrk } from '../load/wrk.ts'
import type { Server } from '../server.ts'

/** After the slow ones have gone, a server may still be ending what it did for them. */
const SETTLE_MS = 500
/** A server takes up their requests first, and may put gigabytes aside: it has done so when it is quiet. */
const QUIET_CORES = 0.3
const LOOK_EVERY_MS = 500
const QUIET_LIMIT_MS = 15_000
const FEWEST_CLIENTS = 20

/** What is left of its rate beside slow clients: its own rate is that before and after, so that drift doesn't count. */
export const slow: Kind<'slow'> = async ({ server, scenario, load, plan, wrk: strictly }) => {
  const { bytesPerSecond, act } = load
  const clients = Math.max(FEWEST_CLIENTS, Math.round(load.clients * plan.share))
  await strictly(Math.max(1, plan.warmupSeconds))
  const before = perSecond(await strictly(plan.seconds))
  const crowd = loadChild<{ open: number }>(
    'slowChild',
    { port: server.port, clients, bytesPerSecond, act },
    scenario.loadCores,
  )
  try {
    if (!(await crowd.ready)) throw new Error('the slow clients ended')
    await quiet(server)
    // Here errors are no failure but the finding: who serves nobody beside them keeps nothing.
    const beside = perSecond(await wrk(wrkAsk(server.url, scenario, plan.seconds, plan)))
    const pss = server.pssMiB
    crowd.finish()
    await crowd.result
    await sleep(SETTLE_MS)
    const after = beside > 0 ? perSecond(await strictly(plan.seconds)) : before
    const rateAlone = (before + after) / 2
    return { kept: (beside / rateAlone) * 100, rateAlone, rate: beside, pss }
  } finally {
    crowd.kill()
  }
}

/** Until its processes take little of a core, for a while at most. */
async function quiet(server: Server): Promise<void> {
  const deadline = performance.now() + QUIET_LIMIT_MS
  for (let before = server.cpuSeconds; performance.now() < deadline; before = server.cpuSeconds) {
    await sleep(LOOK_EVERY_MS)
    if (server.cpuSeconds - before < (QUIET_CORES * LOOK_EVERY_MS) / 1000) return
  }
}
