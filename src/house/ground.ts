import { Fault } from '../faults/fault.ts'
import { FAULTS } from '../faults/table.ts'
import { descriptorLimit, openDescriptors } from '../listen/descriptors.ts'
import { type DescriptorPlan, planDescriptors } from '../server/admission.ts'
import type { Loaded } from '../settings/load.ts'
import type { Settings } from '../settings/registry.ts'
import { Spool } from '../spool/spool.ts'
import { makeRuntimeFolder, removeRuntimeFolder } from '../supervisor/folder.ts'
import { Pidfile } from '../system/pidfile.ts'
import { makeParents } from '../system/privateFolder.ts'
import { become, type Identity, identityOf } from '../system/users.ts'
import type { Inherited } from './birth.ts'
import { Certificates } from './certificates.ts'
import type { Cleanup } from './cleanup.ts'
import { startKeeper } from './configuration.ts'
import { Journal } from './journal.ts'
import type { Keeper, KeeperEvents } from './keeper.ts'
import { type Launch, titleOf } from './launch.ts'
import { Notices } from './notices.ts'
import type { RunningOf } from './output.ts'
import { findPython } from './python.ts'
import { Sockets } from './sockets.ts'

/** A worker takes two FIFOs, and of each front two connections and its state page; during a reload there are twice as many. */
const descriptorsPerWorker = (fronts: number): number => 2 * (2 + 3 * fronts)
/** The event loop of a thread, and what Node keeps open for it. */
const DESCRIPTORS_PER_THREAD = 16
const NANOS_PER_MICRO = 1000n

/** What a server stands on: all that it takes from the system before anything of the application's runs. */
export interface Ground {
  readonly python: string
  readonly journal: Journal
  readonly pidfile: Pidfile | null
  readonly sockets: Sockets
  readonly certificates: Certificates
  readonly notices: Notices
  readonly keeper: Keeper | null
  /** The runtime folder. */
  readonly folder: string
  readonly spool: Spool
  readonly descriptors: DescriptorPlan
}

/**
 * Takes it, in the order that rights ask for: ports and logs as who we were started as, folders as who we serve as.
 * @param runningOf what a worker runs, for the lines it prints
 * Faults: those of the start.
 */
export async function takeGround(
  { loaded, inherited, keeper: started }: Launch,
  runningOf: RunningOf,
  cleanup: Cleanup,
): Promise<Ground> {
  const { settings } = loaded
  const { birth } = inherited
  process.title = `${titleOf(loaded)} front`
  if (settings.umask !== null) process.umask(settings.umask)
  const python = findPython(loaded, process.env).path
  const identity = identityOf(settings.user, settings.group)
  const pidfile = takePidfile(settings, birth.kind === 'successor' ? birth.of : null, identity, cleanup)
  const journal = new Journal(settings, runningOf)
  cleanup.add(() => journal.close())
  for (const warning of loaded.warnings) journal.note('warning', warning)
  const sockets = new Sockets(loaded, birth)
  cleanup.add(() => sockets.close())
  const certificates = new Certificates(settings, (text) => journal.note('warning', text))
  if (identity !== null) {
    await changeUser(settings, identity, journal, sockets)
    certificates.gaveUpRights()
  }
  const keeper = started() ?? keeperWhereNeeded(python, loaded, inherited)
  if (keeper !== null) {
    keeper.attach(heardInJournal(journal))
    cleanup.add(() => keeper.close())
  }
  journal.openSyslog(settings, keeper)
  cleanup.add(() => journal.closeSyslog())
  const sink = inherited.notifySocket === null ? null : keeper
  const notices = new Notices(sink, () => process.hrtime.bigint() / NANOS_PER_MICRO)
  const folder = makeRuntimeFolder(settings.runtimeDir)
  cleanup.add(() => removeRuntimeFolder(folder))
  endOnBugs(journal, folder, pidfile)
  const descriptors = planDescriptors(
    descriptorLimit() -
      openDescriptors() -
      sockets.count * settings.fronts -
      DESCRIPTORS_PER_THREAD * (settings.fronts - 1),
    descriptorsPerWorker(settings.fronts),
    settings.workers.most,
    settings.maxConnections,
  )
  const spool = new Spool({
    parent: settings.spoolDir ?? folder,
    // Each front has its share.
    limitBytes: Math.ceil(settings.spoolLimitBytes / settings.fronts),
    maxOpenFiles: Math.max(2, Math.floor(descriptors.maxSpoolFiles / settings.fronts)),
  })
  cleanup.add(() => spool.close())
  if (spool.inMemory) {
    const text = `the spool folder ${spool.folder} is on tmpfs: bodies kept there stay in memory; see --spool-dir`
    journal.note('warning', text)
  }
  return { python, journal, pidfile, sockets, certificates, notices, keeper, folder, spool, descriptors }
}

/** A successor writes it once it serves: before that the file is its predecessor's. */
function takePidfile(
  { pidfile: path }: Settings,
  predecessor: number | null,
  identity: Identity | null,
  cleanup: Cleanup,
): Pidfile | null {
  if (path === null) return null
  const pidfile = new Pidfile(path, predecessor)
  cleanup.add(() => pidfile.remove())
  if (predecessor === null) pidfile.write(identity)
  return pidfile
}

/** Root opens the ports and the logs, and is root no more. */
async function changeUser(settings: Settings, identity: Identity, journal: Journal, sockets: Sockets): Promise<void> {
  journal.own(identity.uid, identity.gid)
  await sockets.open(identity)
  await sockets.openAdmin(identity)
  giveFolder(settings.runtimeDir, 'RUNTIME_FOLDER', identity)
  giveFolder(settings.spoolDir, 'SPOOL_FOLDER', identity)
  become(identity, settings.initgroups)
}

/** A folder that isn't there is made while we may, for whom we are about to be. */
function giveFolder(path: string | null, code: 'RUNTIME_FOLDER' | 'SPOOL_FOLDER', identity: Identity): void {
  try {
    if (path !== null) makeParents(path, identity)
  } catch (error) {
    throw new Fault(code, { detail: (error as Error).message })
  }
}

/** Only Python can send datagrams to Unix sockets, and log by its loggers. */
function keeperWhereNeeded(python: string, { folder, settings }: Loaded, { notifySocket }: Inherited): Keeper | null {
  const isNeeded = [settings.statsd, settings.syslog].some((address) => address?.startsWith('unix:'))
  return notifySocket !== null || isNeeded || settings.logConfig !== null
    ? startKeeper({ python, folder, variables: process.env, notifySocket })
    : null
}

function undelivered(lost: number, to: string, why: string): string {
  return why === '' ? `${lost} datagrams to ${to} were lost` : `${to} can't be told: ${why}; what can't be sent is lost`
}

export function heardInJournal(journal: Journal): KeeperEvents {
  return {
    failed: (why) => journal.note('warning', `the keeper has ended, and what it did is not done any more: ${why}`),
    log: (pid, level, text) => journal.log.record({ pid, level, text }),
    undelivered: (lost, to, why) =>
      journal.event('datagrams_lost', undelivered(lost, to, why), { to, lost }, 'warning'),
    unnotified: (why) => journal.note('warning', `the service manager is not told: ${why}`),
    output: (pid, stream, bytes, resume) => journal.output(pid, stream, bytes, resume),
  }
}

/** What nobody caught leaves us in a state that nobody knows: say so and end; the lifeline ends the Python side. */
function endOnBugs(journal: Journal, folder: string, pidfile: Pidfile | null): void {
  process.on('uncaughtException', (error) => {
    journal.bug(error)
    journal.flush()
    pidfile?.remove()
    removeRuntimeFolder(folder)
    process.exit(FAULTS.INTERNAL.exit)
  })
}
