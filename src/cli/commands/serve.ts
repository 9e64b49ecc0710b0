import type { Attendant } from '../../events/attendant.ts'
import { Fault } from '../../faults/fault.ts'
import { FIRST_ACTIVATED, type Inherited, NOTHING_INHERITED } from '../../house/birth.ts'
import { lookAtDisk } from '../../house/disk.ts'
import type { Keeper } from '../../house/keeper.ts'
import { autoWorkers } from '../../house/machine.ts'
import { findPython } from '../../house/python.ts'
import { versionLine } from '../../house/version.ts'
import type { Bystander } from '../../server/bystander.ts'
import { readArguments } from '../../settings/arguments.ts'
import { type Given, isDefault } from '../../settings/given.ts'
import { type Loaded, load } from '../../settings/load.ts'
import { REGISTRY } from '../../settings/registry.ts'
import type { HeadStart, TakeInterpreter } from '../../supervisor/interpreter.ts'
import { commonHelp, paragraph, settingsHelp } from '../help.ts'
import { isPaste, PasteSettings } from '../paste/paste.ts'
import { COMMON_SWITCHES, type Command, type World } from './command.ts'

export const serve: Command = {
  usage: 'serve [APP] [options]',
  summary: 'Serve an application (the word serve may be left out).',

  help: (columns) => `Usage: dram serve [APP] [options]
       dram [APP] [options]

${paragraph(`${REGISTRY.app.help} ${REGISTRY.app.why}`, columns)}

${settingsHelp(columns)}

Other:
${commonHelp()}

${paragraph('Each option can also be a variable (--max-body: DRAM_MAX_BODY) or a line of dram.toml or of [tool.dram] in pyproject.toml (max-body = "1GiB"). The command line is stronger than variables, variables are stronger than the file. See what is in force with: dram settings', columns)}
`,

  async run(argv, world) {
    const { given, switches } = readArguments(argv, COMMON_SWITCHES)
    if (switches.has('--help')) world.out(serve.help(world.columns))
    else if (switches.has('--version')) world.out(versionLine())
    else {
      const source = sourceOf(given, world)
      return startServer(source.read, world, source.keeper)
    }
    return 0
  },
}

/** Where the settings come from, by what APP is: a module or file with Python in it, or a file of PasteDeploy. */
export function sourceOf(
  given: readonly Given[],
  world: World,
): { readonly read: () => Promise<Loaded>; readonly keeper: () => Keeper | null } {
  const app = given.find(({ key }) => key === 'app')?.words[0]
  if (!isPaste(app)) {
    return { read: async () => load(given, world.variables, world.folder), keeper: () => null }
  }
  const paste = new PasteSettings(app!, given, world)
  return { read: () => paste.read(), keeper: () => paste.keeper }
}

/**
 * Serves by the settings that `load` gives, now and at every reload. The exit code.
 * @param keeper the one that `load` has started, if it has
 * @param attendant lives beside it; then it serves even if the application can't be loaded
 * @param warm asked for each interpreter before one is started
 * @throws Fault
 */
export async function startServer(
  load: () => Promise<Loaded>,
  world: World,
  keeper: () => Keeper | null = () => null,
  attendant: Attendant<Bystander> | null = null,
  warm: TakeInterpreter | null = null,
): Promise<number> {
  const { variables, folder, inherited = NOTHING_INHERITED, served = () => {} } = world
  const read = async (): Promise<Loaded> => {
    const loaded = withActivated(withWorkers(await load()), inherited)
    checkFolder(loaded.settings.chdir)
    return loaded
  }
  const loaded = await read()
  if (loaded.settings.daemon && inherited.birth.kind === 'started') {
    await keeper()?.close()
    const { daemonize } = await import('../../house/daemon.ts')
    return daemonize(loaded.settings, folder, variables)
  }
  const headStart = await startPython(loaded, variables)
  try {
    const { run } = await loadServer()
    return await run({ loaded, load: read, inherited, headStart, warm, keeper, attendant, served })
  } finally {
    headStart?.abandon()
  }
}

/** Loads the application as a server would, and says what it is. @throws Fault */
export async function checkApplication(loaded: Loaded, keeper: Keeper | null = null): Promise<string> {
  checkFolder(loaded.settings.chdir)
  await loadServer()
  const { check } = await import('../../house/check.ts')
  const facts = await check({
    loaded,
    load: async () => loaded,
    inherited: NOTHING_INHERITED,
    headStart: null,
    warm: null,
    keeper: () => keeper,
    attendant: null,
    served: () => {},
  })
  return `${facts.application} loads: ${facts.implementation} ${facts.python}\n`
}

/** Before the server is loaded; null where it has to wait until we are who we serve as. Faults: PYTHON_NOT_FOUND. */
async function startPython(loaded: Loaded, variables: World['variables']): Promise<HeadStart | null> {
  if (loaded.settings.user !== null || loaded.settings.group !== null) return null
  const { path } = findPython(loaded, variables)
  const { HeadStart } = await import('../../supervisor/interpreter.ts')
  return new HeadStart(path, loaded.environment)
}

/**
 * Only now: help and version need no server. And a room at a time, for Node opens all files of a module's imports at
 * once, which with few descriptors (ulimit -n 64) is too many.
 */
async function loadServer() {
  await import('../../server/server.ts')
  await import('../../supervisor/supervisor.ts')
  await import('../../control/socket.ts')
  return import('../../house/run.ts')
}

/** `--workers auto` as a number. */
function withWorkers(loaded: Loaded): Loaded {
  if (loaded.settings.workers.most !== 0) return loaded
  const workers = autoWorkers()
  return { ...loaded, settings: { ...loaded.settings, workers: { least: workers, most: workers } } }
}

/** Where nothing says what to bind, it is what the service manager has bound for us. */
function withActivated(loaded: Loaded, { activated }: Inherited): Loaded {
  if (activated === 0 || !isDefault(loaded.origins.bind)) return loaded
  const bind = Array.from({ length: activated }, (_, index) => `fd://${FIRST_ACTIVATED + index}`)
  return { ...loaded, settings: { ...loaded.settings, bind } }
}

function checkFolder(path: string | null): void {
  if (path !== null && lookAtDisk(path) !== 'folder') throw new Fault('FOLDER_MISSING', { detail: path })
}
