import type { Kind } from '../bout.ts'
import { summary } from '../metrics.ts'
import { Server } from '../server.ts'

/** From the command to the first right answer, again and again; the server of the round is stopped first. */
export const start: Kind<'start'> = async ({ peer, scenario, load, configuration, plan, server }) => {
  await server.stop()
  const times: number[] = []
  for (let turn = 0; turn < Math.max(1, load.times * plan.share); turn++) {
    const began = performance.now()
    const started = await Server.start(peer, scenario, configuration, plan.folders)
    times.push(performance.now() - began)
    await started.stop()
  }
  return { startMs: summary(times).median }
}
