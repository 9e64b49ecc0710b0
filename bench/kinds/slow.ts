import { setTimeout as sleep } from 'node:timers/promises'
import { loadChild } from '../load/child.ts'
import { perSecond, wrk } from '../load/wrk.ts'
import { type Kind, wrkAsk } from '../measure.ts'

/** After the slow ones have gone, a server may still be ending what it did for them. */
const SETTLE_MS = 500

/** What is left of its rate beside slow clients: its own rate is that before and after, so that drift doesn't count. */
export const slow: Kind<'slow'> = async ({ server, scenario, load, plan, wrk: strictly }) => {
  const { clients, bytesPerSecond, act } = load
  await strictly(Math.max(1, plan.warmupSeconds))
  const before = perSecond(await strictly(plan.seconds))
  const crowd = loadChild<{ open: number }>(
    'slow',
    { port: server.port, clients, bytesPerSecond, act },
    scenario.loadCores,
  )
  try {
    if (!(await crowd.ready)) throw new Error('the slow clients ended')
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
