import type { Extension } from '../settings/load.ts'
import type { Variables } from '../settings/variables.ts'
import { Keeper } from './keeper.ts'

/** A configuration file that is a program, as its module of python/dram/dialects/ has read it. */
export interface Configuration {
  /** It has the file's objects: given to the house, it runs there what runs once per server. */
  readonly keeper: Keeper
  /** Which file or module was read; null: none was there. */
  readonly path: string | null
  /** The settings in it, as JSON: functions and classes are {"$": "function" | "class", "name"}, others {"$": "object", "repr"}. */
  readonly values: Readonly<Record<string, unknown>>
  /** Names of the hooks that it sets. */
  readonly hooks: readonly string[]
  /** Its other names that look like settings: no modules, nothing that it has imported, no functions. */
  readonly unknown: readonly string[]
  /** What is to be said of it, a line each. */
  readonly warnings: readonly string[]
  /** Which reading this was. Among the options of the extension it tells the keeper which one they belong to. */
  readonly reading: number
}

export interface ConfigurationAsked {
  /** The keeper of the reading before, at a reload; null: one is started. */
  readonly keeper: Keeper | null
  /** Path of the interpreter. */
  readonly python: string
  /** The module of python/dram/dialects/. */
  readonly module: string
  /** What it is asked: where the file is and which names are settings. */
  readonly facts: Readonly<Record<string, unknown>>
  /** The folder the command was given in. */
  readonly folder: string
  readonly variables: Variables
  /** Where the service manager wants to be told of our state (house/birth.ts). */
  readonly notifySocket: string | null
}

/** At a reload, the file may take so long. */
const ANEW_MS = 60_000

/** Has the file read in the keeper. Faults: CONFIG_FAILED, HOOK_INVALID, KEEPER_LOST; a keeper that was started is ended then. */
export async function readConfiguration(asked: ConfigurationAsked): Promise<Configuration> {
  const { module, facts } = asked
  const keeper = asked.keeper?.isAlive ? asked.keeper : startKeeper(asked)
  try {
    const limitMs = keeper === asked.keeper ? ANEW_MS : null
    const answer = (await keeper.ask(module, 'read', facts, limitMs)) as Omit<Configuration, 'keeper'>
    return { keeper, ...answer }
  } catch (error) {
    if (keeper !== asked.keeper) await keeper.close()
    throw error
  }
}

/** What the Python processes are told of it. `options`: the resolved settings, as the module knows them, and so on. */
export function extensionOf(
  { reading, path }: Pick<Configuration, 'reading' | 'path'>,
  module: string,
  options: Readonly<Record<string, unknown>>,
): Extension {
  return { module, options: { ...options, conf: path, reading } }
}

export function startKeeper(
  asked: Pick<ConfigurationAsked, 'python' | 'folder' | 'variables' | 'notifySocket'>,
): Keeper {
  const { python, folder, variables, notifySocket } = asked
  return new Keeper(python, folder, notifySocket === null ? variables : { ...variables, NOTIFY_SOCKET: notifySocket })
}
