import type { Operations, Status } from '../control/operations.ts'
import type { Attended, ReloadOutcome } from '../events/attendant.ts'
import type { WorkerFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import { openFronts, type ServingFronts } from '../fronts/fronts.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { withoutSecrets } from '../kit/secrets.ts'
import type { TlsMaterial } from '../listen/tls/material.ts'
import type { Loaded } from '../settings/load.ts'
import type { Settings } from '../settings/registry.ts'
import { startInterpreter } from '../supervisor/interpreter.ts'
import { Supervisor, type SupervisorEvents, SYSTEM } from '../supervisor/supervisor.ts'
import { rssOf } from '../system/memory.ts'
import { passedOn } from './birth.ts'
import type { Prepared } from './certificates.ts'
import type { Cleanup } from './cleanup.ts'
import { Companion, type ServerFacts } from './companion.ts'
import type { Ground } from './ground.ts'
import { Keepers } from './keepers.ts'
import { type Launch, serverName, supervisorSettings } from './launch.ts'
import { Metrics } from './metrics.ts'
import { startAnother } from './offspring.ts'
import { type Operated, ServerOperations } from './operations.ts'
import { Operators } from './operators.ts'
import { findPython } from './python.ts'
import { pythonFault } from './pythonFault.ts'
import { PythonLogs } from './pythonLogs.ts'
import { Reloads } from './reloads.ts'
import type { SignalOwner } from './signalDesk.ts'
import type { Deed, Phase, SignalName } from './signals.ts'
import type { Stops } from './stops.ts'
import { successorBirth, Upgrades } from './upgrades.ts'
import { version } from './version.ts'
import type { Pulse } from './watchdog.ts'

/** A running server with all its parts: what signals and operators ask for is done here, or passed on. */
export class House implements Operated, SignalOwner, Attended {
  readonly clock: Clock = systemClock
  readonly startedMs: number = systemClock.nowMs()
  readonly name: string
  readonly folder: string
  readonly server: ServingFronts
  readonly supervisor: Supervisor
  readonly operations: Operations
  readonly companion: Companion
  /** Resolves with the pid of the successor that has taken over. */
  readonly succeeded: Promise<number>
  state: Status['state'] = 'starting'
  facts: WorkerFacts | null = null
  readonly #ground: Ground
  readonly #launch: Launch
  readonly #stops: Stops
  readonly #keepers: Keepers
  readonly #pythonLogs: PythonLogs
  readonly #operators: Operators
  readonly #metrics: Metrics
  readonly #reloads: Reloads
  readonly #upgrades: Upgrades
  /** Certificates by the origins of the settings that asked for them: one reload may be read while another goes on. */
  readonly #prepared = new WeakMap<Loaded['origins'], Prepared>()
  #succeed!: (pid: number) => void

  constructor(launch: Launch, ground: Ground, stops: Stops, cleanup: Cleanup) {
    const { loaded } = launch
    const { settings } = loaded
    const { journal } = ground
    this.#launch = launch
    this.#ground = ground
    this.#stops = stops
    this.name = serverName(loaded)
    this.folder = loaded.folder
    this.succeeded = new Promise((resolve) => {
      this.#succeed = resolve
    })
    this.#keepers = new Keepers(() => launch.keeper(), ground, loaded.folder, cleanup)
    this.#pythonLogs = new PythonLogs(this.#keepers, journal)
    this.companion = new Companion(
      () => this.#keepers.living,
      () => this.#serverFacts,
      (fault) => journal.log.fault(fault, { event: 'hook_failed' }),
    )
    cleanup.add(() => this.companion.end())
    this.server = openFronts({
      settings,
      descriptors: ground.descriptors,
      spool: ground.spool,
      clock: this.clock,
      events: journal,
      python: ground.python,
      random: Math.random,
    })
    cleanup.add(() => this.server.end())
    this.server.idleReady = settings.workers.least === 0
    if (launch.attendant !== null) {
      this.server.accompany(launch.attendant.bystander)
      journal.log.dressTrace = launch.attendant.dressTrace
      journal.showsLoads = launch.attendant.showsLoads
    }
    this.supervisor = new Supervisor(
      supervisorSettings(loaded, ground.python),
      ground.folder,
      this.server.pool,
      this.#supervisorEvents,
      this.clock,
      {
        ...SYSTEM,
        startInterpreter: (...asked) =>
          launch.warm?.(...asked) ?? launch.headStart?.take(...asked) ?? startInterpreter(...asked),
      },
    )
    cleanup.add(() => this.supervisor.stop(0))
    cleanup.add(() => this.server.close())
    this.operations = new ServerOperations(this)
    this.#operators = new Operators(ground, this.operations, cleanup)
    this.#metrics = new Metrics({
      settings,
      version: version(),
      startedMs: Date.now(),
      meters: this.server.meters,
      counts: journal.counts,
      logged: journal.log.counts,
      datagrams: ground.keeper,
      supervisor: this.supervisor,
      usage: () => this.server.usage,
      ready: () => this.operations.ready,
      facts: () => this.facts,
      rssOf,
      warn: (text) => journal.note('warning', text),
    })
    cleanup.add(() => this.#metrics.close())
    if (settings.metricsMergePython)
      this.server.pool.onLastMetrics = (worker, text) => this.#metrics.heard(worker, text)
    this.#reloads = this.#makeReloads()
    this.#upgrades = this.#makeUpgrades()
  }

  get settings(): Settings {
    return this.#reloads.inForce.settings
  }

  get #serverFacts(): ServerFacts {
    const workers = this.supervisor.workers.map(({ number, pid }) => ({ number, pid }))
    return { pid: process.pid, wanted: this.supervisor.wanted, workers }
  }

  /** The companion hears of what counts for it. */
  get #supervisorEvents(): SupervisorEvents {
    const { journal } = this.#ground
    return {
      tell: (event) => {
        journal.tell(event)
        if (event.kind === 'scaled') this.companion.note('scaled')
      },
      note: (...told) => journal.note(...told),
      output: (...told) => journal.output(...told),
      outputEnded: (...told) => journal.outputEnded(...told),
    }
  }

  get addresses(): readonly string[] {
    return this.#ground.sockets.listeners.map(({ url }) => url)
  }

  /** Loads the application. Faults: APP_*, PYTHON_*. */
  async loadFirst(): Promise<WorkerFacts> {
    this.facts = await this.#orPythonFault(this.supervisor.start(), this.#ground.python)
    return this.facts
  }

  /** The same where somebody lives beside the server: the fault is what every request gets, until a reload does better. */
  async loadOrStandIn(): Promise<Fault | null> {
    try {
      this.facts = await this.#orPythonFault(this.supervisor.startOrPause(), this.#ground.python)
      return null
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.standIn(error)
      return error
    }
  }

  get runtimeFolder(): string {
    return this.#ground.folder
  }

  hold(isHeld: boolean): void {
    this.server.hold(isHeld)
  }

  silence(isSilent: boolean): Promise<void> {
    return this.#ground.journal.silence(isSilent)
  }

  standIn(fault: Fault | null): void {
    this.server.standIn(fault)
  }

  /** Both logs are written by the loggers of an extension, where that is wanted. Faults: CONFIG_FAILED, KEEPER_LOST. */
  async openLogs(): Promise<void> {
    const { keeper } = this.#ground
    if (keeper !== null) await this.#pythonLogs.open(keeper, this.#launch.loaded)
  }

  /** After all that may log, and before the keeper. */
  async closeLogs(): Promise<void> {
    await this.#pythonLogs.close()
  }

  /** The front's files, and those of the application and of Python's loggers. */
  #reopen(): readonly Fault[] {
    const { inForce } = this.#reloads
    if (inForce.extension !== null) this.supervisor.signalWorkers('SIGUSR1')
    this.#pythonLogs.reopen(inForce)
    return this.#ground.journal.reopen()
  }

  /** Opens what operators look at and speak to. Faults: BIND_*. */
  async openForOperators(): Promise<void> {
    await this.#operators.open(this)
  }

  /** Listens, and serves who comes. Faults: BIND_*. */
  async open(): Promise<void> {
    const { sockets } = this.#ground
    await sockets.open(null)
    this.#secureWith(this.#ground.certificates.material)
    this.#warnOfNoTls()
    await this.server.serve(sockets.listeners)
  }

  /** Looks whether certificates were renewed. Called from time to time. */
  lookAtCertificates(): void {
    const { certificates, journal } = this.#ground
    certificates.look({
      renewed: (material) => {
        this.#secureWith(material)
        journal.event('certificates_renewed', 'the certificates have changed: new connections get the new ones')
      },
      notRenewed: (fault) => journal.log.fault(fault, { event: 'certificates_not_renewed' }),
    })
  }

  #secureWith(material: TlsMaterial | null): void {
    this.#ground.sockets.secureWith(material)
    this.server.secureWith(material)
  }

  #warnOfNoTls(): void {
    const { certificates, sockets, journal } = this.#ground
    if (certificates.material !== null && !sockets.listeners.some(({ isSecure }) => isSecure))
      journal.note('warning', 'there are certificates, but no address of --bind speaks TLS')
  }

  /** What the service manager shows. */
  get statusText(): string {
    const { least, most } = this.settings.workers
    const count = least === most ? String(most) : `${least}..${most}`
    return `${withoutSecrets(this.facts?.application ?? '')} on ${this.addresses.join(', ')}, workers: ${count}`
  }

  /** Who stops, or was told to pause, needs no workers. */
  get pulse(): Pulse {
    const needsNone = this.state === 'stopping' || this.supervisor.wanted === 0
    return { ready: needsNone || this.server.ready, waiting: this.server.usage.queued }
  }

  obey(deed: Deed, signal: SignalName, number: number): void {
    if (this.#launch.attendant?.diverts(signal)) return
    const { journal } = this.#ground
    const told = (): void => {} // the log has it
    journal.event('signal', `${signal} has come`, { signal }, 'debug')
    switch (deed) {
      case 'stop':
      case 'stop-gently':
      case 'stop-fast': {
        const [isFast, isGentle] = [deed === 'stop-fast', deed === 'stop-gently']
        return this.#stops.ask({ why: signal, signal: number, isFast, isGentle })
      }
      case 'reload':
        return void this.operations.reload().catch(told)
      case 'upgrade':
        return void this.operations.upgrade().catch(told)
      case 'reopen-logs':
        return void this.#reopen()
      case 'add-worker':
        return this.supervisor.addWorker()
      case 'remove-worker':
        return this.supervisor.removeWorker()
      case 'pause':
        journal.event('paused', `${signal}: the workers end, the sockets stay open; a reload ends the pause`)
        return this.supervisor.pause()
    }
  }

  ignored(signal: SignalName, phase: Phase): void {
    this.#ground.journal.note('info', `${signal} is passed over: the server is ${phase}`)
  }

  async reload(): Promise<ReloadOutcome> {
    if (this.state !== 'serving') throw this.#notServing
    return this.#launch.attendant?.reload() ?? this.load()
  }

  async load(): Promise<ReloadOutcome> {
    if (this.state !== 'serving') throw this.#notServing
    return this.#reloads.reload()
  }

  get #notServing(): Fault {
    return new Fault('RELOAD_FAILED', { detail: `the server is ${this.state}` })
  }

  async upgrade(): Promise<{ readonly pid: number }> {
    try {
      return await this.#upgrades.upgrade()
    } catch (error) {
      if (error instanceof Fault) this.#ground.journal.log.fault(error, { event: 'upgrade_failed' })
      throw error
    }
  }

  stop(isFast = false): void {
    this.#stops.ask({ why: isFast ? 'dram stop --fast' : 'dram stop', signal: 0, isFast })
  }

  reopenLogs(): void {
    const [fault] = this.#reopen()
    if (fault !== undefined) throw fault
  }

  metrics(): Promise<string> {
    return this.#metrics.text()
  }

  /** A stop begins: nothing new is begun. */
  beginStop(): void {
    this.state = 'stopping'
    this.supervisor.expectStop()
    this.#upgrades.cancel()
  }

  #makeReloads(): Reloads {
    const { journal, notices } = this.#ground
    return new Reloads(
      this.#launch.loaded,
      {
        load: async () => {
          const loaded = await this.#launch.load()
          findPython(loaded, process.env)
          this.#prepared.set(loaded.origins, this.#ground.certificates.prepare(loaded.settings))
          this.#keepers.listen()
          this.#keepers.revive()
          await this.companion.tell('reloading', loaded)
          return loaded
        },
        adoptLogs: ({ settings }) => journal.adopt(settings),
        replace: (loaded) => this.#replace(loaded),
        adopt: ({ settings, warnings, extension, origins }) => {
          this.companion.note('reloaded', { extension })
          for (const warning of warnings) journal.note('warning', warning)
          this.#ground.certificates.adopt(this.#prepared.get(origins)!)
          this.#secureWith(this.#ground.certificates.material)
          this.server.adopt(settings)
          if (this.#launch.attendant !== null) this.standIn(null) // whoever has asked for this load
          this.server.idleReady = settings.workers.least === 0
        },
      },
      {
        began: () => notices.reloading(),
        refused: (fault) => journal.tell({ kind: 'reloadFailed', generation: this.#lastGeneration + 1, fault }),
        needRestart: (flags) =>
          journal.event(
            'need_restart',
            `these settings have changed and count only after a restart: ${flags.join(', ')}`,
            { settings: flags.join(' ') },
            'warning',
          ),
        ended: () => {
          if (this.state === 'serving') notices.reloaded(this.statusText)
        },
      },
    )
  }

  async #replace(loaded: Loaded): Promise<{ readonly generation: number; readonly tookMs: number }> {
    await this.#pythonLogs.openAnew(loaded)
    const python = findPython(loaded, process.env).path
    return this.#orPythonFault(this.supervisor.reload(supervisorSettings(loaded, python)), python)
  }

  /** An interpreter that doesn't run is asked why: `--python` is more often wrong than Python. */
  async #orPythonFault<T>(started: Promise<T>, python: string): Promise<T> {
    try {
      return await started
    } catch (fault) {
      const isBroken = fault instanceof Fault && fault.code === 'PYTHON_BROKEN'
      throw (isBroken && (await pythonFault(python, process.env))) || fault
    }
  }

  get #lastGeneration(): number {
    return Math.max(0, ...this.supervisor.generations.map(({ number }) => number))
  }

  #makeUpgrades(): Upgrades {
    const { inherited, loaded } = this.#launch
    const { journal, sockets } = this.#ground
    return new Upgrades({
      prepare: () =>
        this.#reloads.inForce.extension === null ? null : this.companion.tell('upgrading', this.#reloads.inForce),
      obstacle: () => {
        if (process.pid === 1) return 'it is process 1, with whose end all others end'
        return this.state === 'serving' ? null : `it is ${this.state}`
      },
      listeners: () => sockets.all,
      start: (legacy) => {
        const birth = successorBirth(legacy, process.pid, inherited.activated)
        const offspring = startAnother({
          folder: loaded.folder,
          variables: { ...process.env, ...passedOn(inherited, birth) },
          descriptors: legacy.descriptors,
          report: legacy.report,
          isDetached: false,
        })
        journal.event('upgrade_begun', `pid ${offspring.pid} is to replace this server`, { successor: offspring.pid })
        return offspring
      },
      handOver: (pid) => this.#handOver(pid),
    })
  }

  #handOver(pid: number): void {
    const { journal, sockets, notices } = this.#ground
    journal.event('upgraded', `pid ${pid} serves; this server finishes what it has`, { successor: pid })
    sockets.giveAway()
    notices.succeededBy(pid)
    this.#operators.succeededBy(pid)
    this.#succeed(pid)
  }
}
