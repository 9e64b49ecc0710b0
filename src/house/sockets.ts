import { Fault } from '../faults/fault.ts'
import { type BindSpec, parseBind } from '../listen/bind.ts'
import { Handed } from '../listen/handed.ts'
import type { Listener } from '../listen/listener.ts'
import { type ListenOptions, openListeners } from '../listen/open.ts'
import type { TlsMaterial } from '../listen/tls/material.ts'
import { Secure } from '../listen/tls/secure.ts'
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
  #secure: Secure | null = null

  /** Opens none yet. Faults: BIND_INVALID, CERTIFICATE_MISSING. */
  constructor(loaded: Loaded, birth: Birth) {
    this.#loaded = loaded
    this.#specs = loaded.settings.bind.map(parseBind)
    this.#adminSpecs = loaded.settings.adminBind.map(parseBind)
    const { certfile, keyfile } = loaded.settings
    const wantsTls = (spec: BindSpec): boolean => spec.kind === 'tcp' && spec.scheme === 'https'
    if (certfile === null && keyfile === null && this.#specs.some(wantsTls))
      throw new Fault('CERTIFICATE_MISSING', { detail: '--bind asks for https://, and there is no --certfile' })
    if (this.#adminSpecs.some(wantsTls))
      throw new Fault('BIND_INVALID', { detail: '--admin-bind https://… (it is served without TLS)' })
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

  /** What speaks TLS does so with this from now on; null: nothing does. Throws what OpenSSL says. */
  secureWith(material: TlsMaterial | null): void {
    if (material === null) this.#secure = null
    else if (this.#secure !== null) this.#secure.adopt(material)
    else this.#secure = new Secure(material)
    for (const listener of this.#listeners) listener.secureWith(this.#secure)
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
