import { resolve } from 'node:path'
import { askServer } from '../../control/client.ts'
import { chooseServer, type FoundServer, findServers, parentsOf } from '../../control/find.ts'
import type { Operations, Status, WorkerStacks } from '../../control/operations.ts'
import type { ReloadOutcome } from '../../events/attendant.ts'
import type { RequestFacts } from '../../events/worker.ts'
import { load } from '../../settings/load.ts'
import { usage } from '../options.ts'
import type { World } from './command.ts'

/** A running server, asked over its control socket. All fail with SERVER_SILENT, and with what the server answers. */
export class Remote {
  readonly server: FoundServer

  constructor(server: FoundServer) {
    this.server = server
  }

  status(): Promise<Status> {
    return this.#get('/v1/status')
  }

  async requests(): Promise<readonly RequestFacts[]> {
    return (await this.#get<{ requests: RequestFacts[] }>('/v1/requests')).requests
  }

  async stacks(worker: number | null): Promise<readonly WorkerStacks[]> {
    const query = worker === null ? '' : `?worker=${worker}`
    return (await this.#get<{ workers: WorkerStacks[] }>(`/v1/stacks${query}`)).workers
  }

  reload(): Promise<ReloadOutcome> {
    return this.#post('/v1/reload', true)
  }

  scale(workers: number): Promise<unknown> {
    return this.#post('/v1/scale', false, { workers })
  }

  stop(fast: boolean): Promise<ReturnType<Operations['stop']>> {
    return this.#post('/v1/stop', false, { fast })
  }

  upgrade(): Promise<{ readonly pid: number }> {
    return this.#post('/v1/upgrade', true)
  }

  reopenLogs(): Promise<unknown> {
    return this.#post('/v1/logs/reopen', false)
  }

  async #get<T>(path: string): Promise<T> {
    return (await askServer(this.server.socketPath, { method: 'GET', path })) as T
  }

  async #post<T>(path: string, patient: boolean, body?: unknown): Promise<T> {
    return (await askServer(this.server.socketPath, { method: 'POST', path, body, patient })) as T
  }
}

/** The server that the options mean, or the one of the working folder. Faults: SERVER_*, USAGE. */
export function findRemote(options: ReadonlyMap<string, string>, { variables, folder }: World): Remote {
  const found = findServers(
    parentsOf({
      runtimeDir: runtimeDirOf(options, variables, folder),
      userDir: variables.XDG_RUNTIME_DIR || null,
    }),
  )
  return new Remote(chooseServer(found, { pid: pidOf(options), name: options.get('--name') ?? null, folder }))
}

function pidOf(options: ReadonlyMap<string, string>): number | null {
  const word = options.get('--pid')
  if (word === undefined) return null
  if (!/^[1-9]\d{0,9}$/.test(word)) throw usage(`--pid must be a process id, not ${JSON.stringify(word)}`)
  return Number(word)
}

/** As the server of this folder would have it: the option, the variable, its settings file. */
function runtimeDirOf(
  options: ReadonlyMap<string, string>,
  variables: World['variables'],
  folder: string,
): string | null {
  const given = options.get('--runtime-dir') || variables.DRAM_RUNTIME_DIR
  if (given) return resolve(folder, given)
  try {
    return load([], variables, folder).settings.runtimeDir
  } catch {
    return null // a settings file with a mistake in it doesn't keep anybody from asking a server
  }
}
