import { isatty } from 'node:tty'
import type { Attendant } from '../events/attendant.ts'
import type { WorkerFacts } from '../events/worker.ts'
import type { StartFacts } from '../observe/start.ts'
import type { Bystander } from '../server/bystander.ts'
import { Cleanup } from './cleanup.ts'
import { type Ground, takeGround } from './ground.ts'
import { keepHeapSmall } from './heap.ts'
import { House } from './house.ts'
import type { Launch } from './launch.ts'
import { tellParent } from './offspring.ts'
import { type QueueDoors, watchQueue } from './queueWatch.ts'
import { SignalDesk } from './signalDesk.ts'
import { deedsOf } from './signals.ts'
import { type Stop, Stops } from './stops.ts'
import { watchTouches } from './touch.ts'
import { version } from './version.ts'
import { keepAlive } from './watchdog.ts'

/**
 * Serves until it is told to stop, or a successor has taken over. The exit code: 0, or 128 + the signal whose stop was
 * cut short by another (unless it was a gentle one). Throws faults of the start.
 */
export async function run(launch: Launch): Promise<number> {
  keepHeapSmall()
  const desk = new SignalDesk(process, () => [0, 1, 2].some(isatty), deedsOf(launch.loaded.settings.signals))
  const stops = new Stops()
  const cleanup = new Cleanup()
  try {
    const ground = await takeGround(launch, (pid) => house.server.requestOf(pid), cleanup)
    const house: House = new House(launch, ground, stops, cleanup)
    desk.serve(house)
    await Promise.race([house.companion.tell('starting', launch.loaded), stops.first])
    await house.openLogs()
    cleanup.add(() => house.closeLogs())
    // A successor is not the one that operators speak to before it serves.
    const isSuccessor = launch.inherited.birth.kind === 'successor'
    if (!isSuccessor) await house.openForOperators()
    await arrive(launch.attendant, house, cleanup)
    const loading = launch.attendant === null ? house.loadFirst().then(() => null) : house.loadOrStandIn()
    const fault = await Promise.race([loading, stops.first.then(() => 'stopped' as const)])
    if (fault === 'stopped') return 0
    if (isSuccessor) await house.openForOperators()
    await begin(launch, ground, house, stops, cleanup)
    desk.enter('serving')
    launch.served()
    if (fault !== null) ground.journal.log.fault(fault, { event: 'load_failed' })
    await Promise.race([launch.attendant?.begin(house, fault), stops.first])
    const end = await Promise.race([stops.first, house.succeeded])
    desk.enter('stopping')
    house.beginStop()
    launch.attendant?.leave()
    return typeof end === 'number' ? await handOver(house, stops) : await stop(end, ground, house, stops)
  } finally {
    await cleanup.run()
  }
}

/** The application is loaded: opens the doors, and says so to everyone who waits for it. */
async function begin(
  { inherited, loaded }: Launch,
  ground: Ground,
  house: House,
  stops: Stops,
  cleanup: Cleanup,
): Promise<void> {
  const { settings, facts } = house
  const { journal, notices, sockets, pidfile } = ground
  await house.open()
  // First what may fail: a predecessor goes on then, and its socket files must be there still.
  if (inherited.birth.kind === 'successor') pidfile?.write()
  await sockets.settle()
  await Promise.race([house.companion.tell('ready', loaded), stops.first])
  house.state = 'serving'
  if (facts !== null) journal.started(startFacts(house, facts))
  if (inherited.birth.kind !== 'started') tellParent(inherited.birth.report, { kind: 'ready' })
  notices.ready(house.statusText, process.pid)
  cleanup.add(watchTouches(settings.touchReload, (path) => reloadFor(path, house, ground)))
  if (settings.tlsWatchMs > 0) {
    const watch = setInterval(() => house.lookAtCertificates(), settings.tlsWatchMs).unref()
    cleanup.add(() => clearInterval(watch))
  }
  cleanup.add(watchQueue(queueDoors(house, ground)))
  if (inherited.watchdogMs !== null) {
    cleanup.add(
      keepAlive(
        inherited.watchdogMs,
        () => house.pulse,
        () => notices.alive(),
      ),
    )
  }
}

function startFacts({ settings, addresses }: House, facts: WorkerFacts): StartFacts {
  const { application, implementation, python, executable } = facts
  return {
    version: version(),
    addresses,
    application,
    implementation,
    python,
    interpreter: executable,
    workers: settings.workers.most,
    leastWorkers: settings.workers.least,
    threads: settings.threads,
    greenlets: settings.greenlets,
  }
}

async function arrive(attendant: Attendant<Bystander> | null, house: House, cleanup: Cleanup): Promise<void> {
  if (attendant === null) return
  cleanup.add(() => attendant.end())
  await attendant.arrive(house)
}

function queueDoors(house: House, { journal }: Ground): QueueDoors {
  return {
    get afterMs() {
      return house.settings.queueWarningMs
    },
    get queued() {
      return house.server.usage.queued
    },
    nowMs: () => house.clock.nowMs(),
    requests: () => house.server.requests(),
    bug: (error) => journal.bug(error),
    warn: (text, fields) => journal.event('queue_waits', text, fields, 'warning'),
  }
}

function reloadFor(path: string, house: House, { journal }: Ground): void {
  journal.note('info', `${path} was touched`)
  house.operations.reload().catch(() => {}) // the log has it
}

/** Lets the application's requests finish, then the workers, all within `--graceful-timeout`. */
async function stop(
  { why, signal, isFast, isGentle }: Stop,
  ground: Ground,
  house: House,
  stops: Stops,
): Promise<number> {
  const { preStopDelayMs, gracefulTimeoutMs } = house.settings
  const { journal, notices } = ground
  notices.stopping(preStopDelayMs + gracefulTimeoutMs)
  journal.event(
    'stopping',
    isFast ? `${why}: stopping at once` : `${why}: stopping, ${(preStopDelayMs + gracefulTimeoutMs) / 1000} s at most`,
  )
  if (preStopDelayMs > 0) await stayReachable(preStopDelayMs, house, stops)
  await finish(house, stops, () => house.server.drain(gracefulTimeoutMs, stops.hurry))
  journal.event('stopped', stops.hurry.aborted ? 'stopped at once' : 'stopped')
  return stops.hurry.aborted && !isFast && !isGentle ? 128 + signal : 0
}

/** Balancers are to find out that we are about to go before we are gone. */
async function stayReachable(delayMs: number, house: House, { hurry }: Stops): Promise<void> {
  house.server.reportNotReady()
  await Promise.race([aborted(hurry), new Promise((resolve) => setTimeout(resolve, delayMs))])
}

/** A successor has the sockets: what has come to us is finished. */
async function handOver(house: House, stops: Stops): Promise<number> {
  await finish(house, stops, () => house.server.handOver(house.settings.gracefulTimeoutMs, stops.hurry))
  return 0
}

async function finish(house: House, { hurry }: Stops, requests: () => Promise<void>): Promise<void> {
  const untilMs = house.clock.nowMs() + house.settings.gracefulTimeoutMs
  if (!hurry.aborted) house.supervisor.resume() // what waits in a pause is answered, too
  await requests()
  const leftMs = Math.max(0, untilMs - house.clock.nowMs())
  if (!hurry.aborted) await Promise.race([house.supervisor.stop(leftMs), aborted(hurry)])
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
