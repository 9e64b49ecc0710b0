import { resolve } from 'node:path'
import type { Stage } from '../dev/screen.ts'
import type { Keeper } from '../house/keeper.ts'
import type { Loaded } from '../settings/load.ts'
import type { World } from './commands/command.ts'
import { startServer } from './commands/serve.ts'

/** Files that applications and frameworks read at their start, in their folder. */
const USUAL_FILES = ['.env', '.flaskenv']

export interface Watched {
  /** Further files to watch; relative ones start from the application's folder. */
  readonly files: readonly string[]
  /** It shows on stdout what it does, and hears keys; else the log has it. */
  readonly shows: boolean
  /** Path of the certificate that has signed ours, and that browsers may not know; null: there is none. */
  readonly authority: string | null
  /** A browser is to be opened at the start. */
  readonly opens: boolean
  /** Tabs of a browser that show the application are reloaded, too. */
  readonly reloadsBrowser: boolean
}

/**
 * As startServer, with an application that is loaded anew when a file of it changes.
 * @param loaded what `read` gives first
 */
export async function serveWatched(
  loaded: Loaded,
  read: () => Promise<Loaded>,
  world: World,
  keeper: () => Keeper | null,
  { files, shows, authority, opens, reloadsBrowser }: Watched,
): Promise<number> {
  const { Beside, Dev, editorLink, Reload, Screen, Warmth } = await import('../dev/dev.ts') // no other command needs it
  const { settings } = loaded
  const folder = resolve(loaded.folder, settings.chdir ?? '.')
  const envFile = settings.envFile === null ? [] : [settings.envFile]
  const named = new Set([...USUAL_FILES, ...files, ...envFile].map((name) => resolve(folder, name)))
  // Pages of ours are for `dram dev` alone, not for whoever reloads in production.
  const name = settings.bind.join('-').replace(/\W+/g, '-')
  const isSecure = settings.certfile !== null || settings.keyfile !== null
  const errors = settings.exposeErrors ? { folder, editor: editorLink(settings.editor, world.variables) } : null
  const beside = shows ? new Beside(name, isSecure, reloadsBrowser ? new Reload() : null, errors) : null
  const screen = shows ? new Screen({ ...stageOf(folder, world), authority }) : null
  const warmth = shows ? new Warmth() : null
  const dev = new Dev({ beside, folder, named, watch: settings.watch, screen, warmth, opens })
  return startServer(async () => watched(await read(), shows), world, keeper, dev, warmth?.take)
}

function stageOf(folder: string, { terminal, out }: World): Omit<Stage, 'authority'> {
  const columns = terminal?.columns ?? Number.POSITIVE_INFINITY
  return { folder, colors: terminal?.colors ?? false, columns, out }
}

/** One front: only there requests can be held. `isDev`: workers help with what `dram dev` alone has. */
function watched(loaded: Loaded, isDev: boolean): Loaded {
  const settings = { ...loaded.settings, fronts: 1 }
  const aids = {
    tellsImports: true,
    tellsCalls: isDev,
    reportsErrors: isDev && settings.exposeErrors,
    knowsFrameworks: isDev,
    lendsTerminal: isDev,
  }
  return { ...loaded, settings, aids }
}
