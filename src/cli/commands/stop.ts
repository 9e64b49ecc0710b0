import { Fault } from '../../faults/fault.ts'
import type { Remote } from './remote.ts'
import { remoteCommand } from './remoteCommand.ts'

const LOOK_EVERY_MS = 50
/** How much longer it may take than it said itself; and how long after it hung up. */
const PATIENCE_MS = 10_000
const LAST_MOMENT_MS = 2_000

export const stop = remoteCommand({
  usage: 'stop [--fast] [options]',
  summary: 'Stop a running server, and wait until it is gone.',
  about:
    'Stops a running server and waits until it is gone. What it has begun is finished first, for as long as its --graceful-timeout; with --fast it ends at once, like a second SIGTERM.',
  options: { '--fast': { metavar: '', help: 'Finish nothing.' } },

  async run({ remote, has, say }) {
    const server = remote()
    const { pid, start } = server.server
    const { isRunning } = await import('../../system/processes.ts')
    const runs = () => isRunning(pid, start)
    const withinMs = await begin(server, has('--fast'), runs)
    if (!(await ends(runs, withinMs + PATIENCE_MS))) {
      const waited = Math.round((withinMs + PATIENCE_MS) / 1000)
      throw new Fault('SERVER_SILENT', { detail: `pid ${pid} is still there after ${waited} s` })
    }
    say([`pid ${pid} has stopped`])
    return 0
  },
})

/** How long it may take. A server that ends before it has answered has obeyed, too. */
async function begin(server: Remote, fast: boolean, runs: () => boolean): Promise<number> {
  try {
    return (await server.stop(fast)).withinMs
  } catch (error) {
    const isSilent = error instanceof Fault && error.code === 'SERVER_SILENT'
    if (isSilent && (await ends(runs, LAST_MOMENT_MS))) return 0
    throw error
  }
}

/** Waits for the end of a process; false: it is still there. One that isn't our child can only be looked at. */
async function ends(runs: () => boolean, limitMs: number): Promise<boolean> {
  const untilMs = performance.now() + limitMs
  while (runs()) {
    if (performance.now() > untilMs) return false
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  return true
}
