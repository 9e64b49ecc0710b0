import { basename, resolve } from 'node:path'
import type { Attendant } from '../events/attendant.ts'
import { SECRET_NAME } from '../kit/secrets.ts'
import type { Bystander } from '../server/bystander.ts'
import type { Loaded } from '../settings/load.ts'
import type { HeadStart, TakeInterpreter } from '../supervisor/interpreter.ts'
import type { SupervisorSettings } from '../supervisor/settings.ts'
import type { ZygoteConfiguration } from '../supervisor/zygote.ts'
import type { Inherited } from './birth.ts'
import type { Keeper } from './keeper.ts'
import { version } from './version.ts'

/** What a server is started with. */
export interface Launch {
  readonly loaded: Loaded
  /** The same once more, from the same command line, variables and files. Faults: as at the start. */
  readonly load: () => Promise<Loaded>
  readonly inherited: Inherited
  /** The first zygote's process, if it was started already. */
  readonly headStart: HeadStart | null
  /** Asked first where an interpreter is to be started. */
  readonly warm: TakeInterpreter | null
  /** If it was started already, with the extension of `loaded` in it. */
  readonly keeper: () => Keeper | null
  /** Who lives beside the server, if anybody does. */
  readonly attendant: Attendant<Bystander> | null
  /** It has begun to serve. */
  readonly served: () => void
}

/** The server's name in titles, and for `--name`: without one, that of the folder it was started in. */
export function serverName({ settings, folder }: Loaded): string {
  return settings.name ?? (basename(folder) || 'dram')
}

/** What the titles of its processes begin with. */
export function titleOf(loaded: Loaded): string {
  return `dram: ${serverName(loaded)}`
}

/** @param python path of the interpreter */
export function supervisorSettings(loaded: Loaded, python: string): SupervisorSettings {
  const { greenlets, preload } = loaded.settings
  // What is imported before it is patched waits as if there were no greenlets: only who asks for it gets that.
  const ownPreload = greenlets > 0 && preload === 'auto' ? 'never' : preload
  return { ...loaded.settings, preload: ownPreload, python, zygote: zygoteConfiguration(loaded) }
}

function zygoteConfiguration(loaded: Loaded): ZygoteConfiguration {
  const { settings, folder, environment, extension } = loaded
  const { reportsErrors, ...aids } = loaded.aids
  return {
    app: settings.app,
    paste: settings.paste === null ? null : { file: settings.paste, globals: settings.pasteGlobal },
    chdir: settings.chdir === null ? folder : resolve(folder, settings.chdir),
    pythonpath: settings.pythonpath,
    env: environment,
    threads: settings.greenlets || settings.threads,
    greenlets: settings.greenlets,
    fronts: settings.fronts,
    multiprocess: settings.workers.most > 1,
    software: `dram/${version()}`,
    strictHeaders: settings.strictHeaders,
    streamRequests: settings.streamRequests,
    title: titleOf(loaded),
    umask: settings.umask,
    extension,
    ...aids,
    reports: reportsErrors ? { secretNames: SECRET_NAME.source } : null,
  }
}
