import { type BindSpec, parseBind } from '../listen/bind.ts'
import { Handed } from '../listen/handed.ts'
import type { Listener } from '../listen/listener.ts'
import { type ListenOptions, openListeners } from '../listen/open.ts'
import type { Owner } from '../listen/unix.ts'
import type { Loaded } from '../settings/load.ts'
import type { Birth } from './birth.ts'

const ADMIN_BACKLOG = 64

/** All listening sockets of a server: of the application, and of its metrics and health. */
export class Sockets {
  readonly #loaded: Loaded
  readonly #specs: readonly BindSpec[]
  readonly #adminSpecs: readonly BindSpec[]
  readonly #handed: Handed
  #listeners: readonly Listener[] = []
  #adminListeners: readonly Listener[] = []

  /** Opens none yet. Faults: BIND_INVALID. */
  constructor(loaded: Loaded, birth: Birth) {
    this.#loaded = loaded
    this.#specs = loaded.settings.bind.map(parseBind)
    this.#adminSpecs = loaded.settings.adminBind.map(parseBind)
    this.#handed = new Handed(birth.kind === 'successor' ? birth.sockets : [])
  }

  get listeners(): readonly Listener[] {
    return this.#listeners
  }

  get adminListeners(): readonly Listener[] {
    return this.#adminListeners
  }

  get all(): readonly Listener[] {
    return [...this.#listeners, ...this.#adminListeners]
  }

  /** How many there will be, at least. */
  get count(): number {
    return this.#specs.length + this.#adminSpecs.length
  }

  /**
   * Those of the application. Once; later calls do nothing. `owner`: who is to own socket files, if not we.
   * Faults: BIND_*.
   */
  async open(owner: Owner | null): Promise<void> {
    if (this.#listeners.length > 0) return
    const { backlog } = this.#loaded.settings
    const options = { ...this.#common(owner), backlog, purpose: 'bind', optional: this.#optional() }
    this.#listeners = await openListeners(this.#specs, options)
  }

  /** The same of metrics and health. */
  async openAdmin(owner: Owner | null): Promise<void> {
    if (this.#adminListeners.length > 0) return
    const options = { ...this.#common(owner), backlog: ADMIN_BACKLOG, purpose: 'admin-bind' }
    this.#adminListeners = await openListeners(this.#adminSpecs, options)
  }

  #common(owner: Owner | null): Omit<ListenOptions, 'backlog'> {
    return { unixMode: this.#loaded.settings.unixMode, owner, handed: this.#handed }
  }

  /** A predecessor serves them no more. */
  settle(): Promise<void> {
    return this.#handed.settle(this.all)
  }

  /** A successor serves them from now on: what is left of them in the file system is its own. */
  giveAway(): void {
    for (const listener of this.all) listener.ownsFile = false
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((listener) => listener.close()))
  }

  /** PORT alone asks for all addresses; a host without IPv6 has no [::]. */
  #optional(): ReadonlySet<BindSpec> {
    const { bind } = this.#loaded.origins
    const isPort = bind.kind === 'variable' && bind.name === 'PORT'
    return new Set(isPort ? this.#specs.slice(1) : [])
  }
}
