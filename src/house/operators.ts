import { Admin } from '../control/admin.ts'
import type { Operations } from '../control/operations.ts'
import { type Control, openControl } from '../control/socket.ts'
import { withoutSecrets } from '../kit/secrets.ts'
import { startOf } from '../system/processes.ts'
import type { Cleanup } from './cleanup.ts'
import type { Ground } from './ground.ts'
import { version } from './version.ts'

/** What operators find us by. */
export interface Found {
  readonly name: string
  /** The folder the server was started in. */
  readonly folder: string
  readonly settings: { readonly app: string | null; readonly control: boolean }
}

/** Where operators look at the server and speak to it: the admin listener and the control socket. */
export class Operators {
  readonly #ground: Ground
  readonly #operations: Operations
  readonly #cleanup: Cleanup
  #control: Control | null = null

  constructor(ground: Ground, operations: Operations, cleanup: Cleanup) {
    this.#ground = ground
    this.#operations = operations
    this.#cleanup = cleanup
  }

  /** Faults: BIND_*. */
  async open(found: Found): Promise<void> {
    await this.#openAdmin()
    if (found.settings.control) await this.#openControl(found)
  }

  async #openAdmin(): Promise<void> {
    const { sockets } = this.#ground
    await sockets.openAdmin(null)
    if (sockets.adminListeners.length === 0) return
    const admin = new Admin(sockets.adminListeners, this.#operations)
    this.#cleanup.add(() => admin.close())
  }

  async #openControl({ name, folder, settings }: Found): Promise<void> {
    const file = {
      pid: process.pid,
      start: startOf(process.pid) ?? '0',
      name,
      folder,
      version: version(),
      application: withoutSecrets(settings.app ?? ''),
      startedAt: new Date().toISOString(),
    }
    const note = (text: string): void => this.#ground.journal.note('debug', text)
    const control = await openControl(this.#ground.folder, file, this.#operations, note)
    this.#cleanup.add(() => control?.close())
    this.#control = control
  }

  /** Whoever asks finds the successor from now on. */
  succeededBy(pid: number): void {
    // Ours would say that we are not ready, to whoever asks at an address that is the successor's by now.
    for (const listener of this.#ground.sockets.adminListeners) void listener.close()
    this.#control?.succeededBy(pid)
  }
}
