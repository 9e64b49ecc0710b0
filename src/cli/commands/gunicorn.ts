import { isAbsolute, resolve } from 'node:path'
import { Fault } from '../../faults/fault.ts'
import { versionLine } from '../../house/version.ts'
import type { Loaded } from '../../settings/load.ts'
import { explain } from '../dialects/explain.ts'
import { gunicornExit } from '../dialects/gunicorn/exits.ts'
import { helpText } from '../dialects/gunicorn/help.ts'
import { readLine } from '../dialects/gunicorn/line.ts'
import { GunicornSettings, type Reading, withoutHooks } from '../dialects/gunicorn/load.ts'
import { printConfig } from '../dialects/gunicorn/printConfig.ts'
import { serveWatched } from '../watched.ts'
import type { Command, World } from './command.ts'
import { checkApplication, startServer } from './serve.ts'

export const gunicorn: Command = {
  usage: 'gunicorn [OPTIONS] [APP]',
  summary: 'Serve with the command line and configuration file of Gunicorn.',
  help: helpText,
  exitOf: gunicornExit,

  async run(argv, world) {
    const line = readLine(argv, 'command line')
    const settings = new GunicornSettings(line, world)
    try {
      if (line.switches.has('help')) world.out(helpText(world.columns))
      else if (line.switches.has('version')) world.out(versionLine())
      else if (line.switches.has('explain')) world.out(explained(await settings.read(true)))
      else return await start(settings, world)
      return 0
    } finally {
      await settings.keeper?.close()
    }
  },
}

async function start(settings: GunicornSettings, world: World): Promise<number> {
  const first = await settings.read()
  const isToPrint = first.told.get('print_config')?.value === true
  if (isToPrint) world.out(printConfig(first.told, first.defaults, world.folder))
  if (isToPrint || first.told.get('check_config')?.value === true) return check(first, settings, world)
  let read: Reading | null = first
  const next = async (): Promise<Loaded> => {
    const { loaded } = read ?? (await settings.read())
    read = null
    return withApp(loaded)
  }
  const keeper = () => settings.keeper
  const files = watchedFiles(first, world.folder)
  if (files === null) return startServer(next, world, keeper)
  const quiet = { shows: false, authority: null, opens: false, reloadsBrowser: false }
  return serveWatched(first.loaded, next, world, keeper, { files, ...quiet })
}

/** What `reload` looks at besides what is imported; null: it is off. */
function watchedFiles({ told, configuration }: Reading, folder: string): readonly string[] | null {
  if (told.get('reload')?.value !== true) return null
  const extra = (told.get('reload_extra_files')?.value ?? []) as readonly string[]
  const path = configuration?.path ?? ''
  // Not from --chdir: Gunicorn reads them before it goes there.
  return [...extra.map((file) => resolve(folder, file)), ...(isAbsolute(path) ? [path] : [])]
}

async function check({ loaded }: Reading, settings: GunicornSettings, world: World): Promise<number> {
  for (const warning of loaded.warnings) world.err?.(`warning: ${warning}\n`)
  try {
    world.err?.(await checkApplication(withoutHooks(withApp(loaded)), settings.keeper))
    return 0
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw new Fault('CHECK_FAILED', { detail: `${error.code}: ${error.message}` }, error.trace, error.hint)
  }
}

function withApp(loaded: Loaded): Loaded {
  if (loaded.settings.app === null && loaded.settings.paste === null)
    throw new Fault(
      'SETTING_INVALID',
      { detail: 'no application is named' },
      '',
      'name it (MODULE:NAME), or set wsgi_app in the configuration file',
    )
  return loaded
}

function explained({ told, loaded, refusals, configuration }: Reading): string {
  const path = configuration?.path ?? null
  const hooks = configuration?.hooks ?? []
  const notes = [
    ...(told.get('reload')?.value === true ? ['reload is what dram dev does'] : []),
    ...(path === null ? [] : [`${path} is a program: what else it does than to set settings, dram serve does not do`]),
    ...(hooks.length === 0
      ? []
      : [`its hooks (${hooks.join(', ')}) run with dram gunicorn alone: stay with it for them`]),
  ]
  return explain(loaded, { command: 'dram gunicorn', refusals, notes })
}
