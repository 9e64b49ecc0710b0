import { constants } from 'node:os'
import { resolve } from 'node:path'
import { Fault } from '../faults/fault.ts'
import { FAULTS } from '../faults/table.ts'
import { systemClock } from '../kit/clock.ts'
import { type BindSpec, parseBind } from '../listen/bind.ts'
import { descriptorLimit, openDescriptors } from '../listen/descriptors.ts'
import type { Listener } from '../listen/listener.ts'
import { openListeners } from '../listen/open.ts'
import { startLines } from '../observe/start.ts'
import { planDescriptors } from '../server/admission.ts'
import { Server } from '../server/server.ts'
import type { Loaded } from '../settings/load.ts'
import { Spool } from '../spool/spool.ts'
import { makeRuntimeFolder, removeRuntimeFolder } from '../supervisor/folder.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import type { ZygoteConfiguration } from '../supervisor/zygote.ts'
import { keepHeapSmall } from './heap.ts'
import { Journal } from './journal.ts'
import { findPython, pythonFault } from './python.ts'
import { version } from './version.ts'

/** A worker takes two connections, two FIFOs and its state page. */
const DESCRIPTORS_PER_WORKER = 5

/** Serves until a signal says to stop. The exit code: 0, or 128 + the signal that cut a stop short. Throws faults of the start. */
export async function run(loaded: Loaded): Promise<number> {
  keepHeapSmall()
  const { settings } = loaded
  const python = findPython(loaded, process.env).path
  const specs = settings.bind.map(parseBind)
  const folder = makeRuntimeFolder(settings.runtimeDir)
  const stops = watchSignals()
  try {
    const plan = planDescriptors(
      descriptorLimit() - openDescriptors() - specs.length,
      DESCRIPTORS_PER_WORKER,
      settings.workers,
      settings.maxConnections,
    )
    const spool = new Spool({
      parent: settings.spoolDir ?? folder,
      limitBytes: settings.spoolLimitBytes,
      maxOpenFiles: plan.maxSpoolFiles,
    })
    const journal: Journal = new Journal(settings, (pid) => server.requestOf(pid))
    // What nobody caught leaves us in a state that nobody knows: say so and end; the lifeline ends the Python side.
    process.on('uncaughtException', (error) => {
      journal.bug(error)
      journal.flush()
      removeRuntimeFolder(folder)
      process.exit(FAULTS.INTERNAL.exit)
    })
    if (spool.inMemory) {
      journal.note(
        'warning',
        `the spool folder ${spool.folder} is on tmpfs: bodies kept there stay in memory; see --spool-dir`,
      )
    }
    const server = new Server(settings, plan.maxConnections, spool, systemClock, journal)
    const supervisor = new Supervisor(
      {
        python,
        workers: settings.workers,
        bootTimeoutMs: settings.bootTimeoutMs,
        gracefulTimeoutMs: settings.gracefulTimeoutMs,
        zygote: zygoteConfiguration(loaded),
      },
      folder,
      server.pool,
      journal,
      systemClock,
    )
    try {
      return await serve(loaded, specs, python, server, supervisor, journal, stops)
    } finally {
      server.close()
      await supervisor.stop(0)
      spool.close()
      await journal.close()
    }
  } finally {
    removeRuntimeFolder(folder)
  }
}

async function serve(
  loaded: Loaded,
  specs: readonly BindSpec[],
  python: string,
  server: Server,
  supervisor: Supervisor,
  journal: Journal,
  stops: Stops,
): Promise<number> {
  const { settings } = loaded
  const started = supervisor.start().catch(async (fault) => {
    throw (
      (fault instanceof Fault && fault.code === 'PYTHON_BROKEN' && (await pythonFault(python, process.env))) || fault
    )
  })
  const facts = await Promise.race([started, stops.first])
  if (typeof facts === 'number') return 0 // stopped while it was loading
  const listeners = await openAll(loaded, specs)
  if (listeners.length > 0) server.serve(listeners)
  for (const line of startLines({
    version: version(),
    addresses: listeners.map(({ url }) => url),
    application: facts.application,
    implementation: facts.implementation,
    python: facts.python,
    interpreter: facts.executable,
    workers: settings.workers,
    threads: settings.threads,
  }))
    journal.log.info(line)
  const signal = await stops.first
  journal.log.info(`${signalName(signal)}: stopping, ${settings.gracefulTimeoutMs / 1000} s at most`)
  const untilMs = systemClock.nowMs() + settings.gracefulTimeoutMs
  await server.drain(settings.gracefulTimeoutMs, stops.again)
  if (!stops.again.aborted)
    await Promise.race([supervisor.stop(Math.max(0, untilMs - systemClock.nowMs())), stops.second])
  journal.log.info(stops.again.aborted ? 'stopped at once' : 'stopped')
  return stops.again.aborted ? 128 + signal : 0
}

/** PORT alone asks for all addresses; a host without IPv6 has no [::]. */
async function openAll({ settings, origins }: Loaded, specs: readonly BindSpec[]): Promise<Listener[]> {
  const options = { backlog: settings.backlog, unixMode: settings.unixMode }
  try {
    return await openListeners(specs, options)
  } catch (error) {
    const optional = origins.bind.kind === 'variable' && origins.bind.name === 'PORT' && specs.length === 2
    if (!optional || !(error instanceof Fault) || error.code !== 'BIND_FAILED') throw error
    return openListeners(specs.slice(0, 1), options)
  }
}

function zygoteConfiguration({ settings, folder, environment }: Loaded): ZygoteConfiguration {
  return {
    app: settings.app,
    chdir: settings.chdir === null ? folder : resolve(folder, settings.chdir),
    pythonpath: settings.pythonpath,
    env: environment,
    threads: settings.threads,
    multiprocess: settings.workers > 1,
    software: `dram/${version()}`,
    strictHeaders: settings.strictHeaders,
    streamRequests: settings.streamRequests,
  }
}

interface Stops {
  /** The number of the first signal that asks to stop. */
  readonly first: Promise<number>
  readonly second: Promise<void>
  /** A second one came: end at once. */
  readonly again: AbortSignal
}

function watchSignals(): Stops {
  const again = new AbortController()
  let count = 0
  let tell!: (signal: number) => void
  let tellAgain!: () => void
  const first = new Promise<number>((resolve) => (tell = resolve))
  const second = new Promise<void>((resolve) => (tellAgain = resolve))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) {
    process.on(name, () => {
      if (++count === 1) return tell(constants.signals[name])
      again.abort()
      tellAgain()
    })
  }
  return { first, second, again: again.signal }
}

function signalName(signal: number): string {
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? String(signal)
}
