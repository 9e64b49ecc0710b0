import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { Fault } from '../faults/fault.ts'
import type { TlsMaterial } from '../listen/tls/material.ts'
import { type ReadTls, readTls, type TlsDoors, type TlsSettings, tlsFiles } from '../listen/tls/read.ts'

/** What is needed of the system. */
export interface CertificateDoors extends TlsDoors {
  /** What changes when the file does; '' where it can't be looked at. */
  look(path: string): string
  mayRead(path: string): boolean
}

/** What is told of files that have changed. */
export interface RenewalEvents {
  /** Renewed files were read; they count from now on. */
  renewed(material: TlsMaterial): void
  /** Files have changed, and can't be used: what was in force stays so. */
  notRenewed(fault: Fault): void
}

export const CERTIFICATE_DOORS: CertificateDoors = {
  readFile: (path) => readFileSync(path, 'utf8'),
  variable: (name) => process.env[name],
  nowMs: () => Date.now(),
  look: (path) => {
    try {
      const { dev, ino, mtimeMs, size } = statSync(path)
      return `${dev} ${ino} ${mtimeMs} ${size}`
    } catch {
      return ''
    }
  },
  mayRead: (path) => {
    try {
      accessSync(path, constants.R_OK)
      return true
    } catch {
      return false
    }
  },
}

/** What a reload has read, until it counts. */
export interface Prepared {
  readonly settings: TlsSettings
  readonly material: TlsMaterial | null
  readonly look: string
}

/** The certificates in force, and whether their files have changed. */
export class Certificates {
  readonly #doors: CertificateDoors
  readonly #warn: (text: string) => void
  #settings: TlsSettings
  #inForce: TlsMaterial | null
  /** As the files were when they were last read, and as they were last looked at. */
  #read: string
  #seen: string
  /** Root could read them, and we can't. */
  #isShutOut = false

  /** Faults: those of `readTls`. */
  constructor(settings: TlsSettings, warn: (text: string) => void, doors: CertificateDoors = CERTIFICATE_DOORS) {
    this.#doors = doors
    this.#warn = warn
    this.#settings = settings
    this.#read = this.#seen = this.#look(settings)
    this.#inForce = this.#tell(readTls(settings, doors))
  }

  get material(): TlsMaterial | null {
    return this.#inForce
  }

  /** The server isn't root any more. */
  gaveUpRights(): void {
    const closed = tlsFiles(this.#settings).filter((path) => !this.#doors.mayRead(path))
    if (this.#inForce === null || closed.length === 0) return
    this.#isShutOut = true
    this.#warn(`root alone may read ${closed.join(', ')}: when it is renewed, restart the server`)
  }

  /** Reads what a reload asks for, for `adopt`. Faults: those of `readTls`. */
  prepare(settings: TlsSettings): Prepared {
    const look = this.#look(settings)
    return { settings, material: this.#readAgain(settings), look }
  }

  /** What that reload has prepared is in force. */
  adopt({ settings, material, look }: Prepared): void {
    this.#settings = settings
    this.#inForce = material
    this.#read = this.#seen = look
  }

  /** Called from time to time. Certificate and key are two files: only what stays the same for one look is read. */
  look(events: RenewalEvents): void {
    if (this.#inForce === null || this.#isShutOut) return
    const now = this.#look(this.#settings)
    const isStill = now === this.#seen
    this.#seen = now
    if (!isStill || now === this.#read) return
    this.#read = now
    try {
      this.#inForce = this.#tell(readTls(this.#settings, this.#doors, this.#inForce))
      if (this.#inForce !== null) events.renewed(this.#inForce)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      events.notRenewed(error)
    }
  }

  /** Where rights were given up and the same files are meant, the old ones do. */
  #readAgain(settings: TlsSettings): TlsMaterial | null {
    try {
      return this.#tell(readTls(settings, this.#doors, this.#inForce))
    } catch (error) {
      const isOurs = error instanceof Fault && error.code === 'CERTIFICATE_UNREADABLE' && this.#isShutOut
      if (!isOurs || tlsFiles(settings).join() !== tlsFiles(this.#settings).join()) throw error
      this.#warn(`${error.message}: the certificates stay as they were read at the start`)
      return this.#inForce
    }
  }

  #tell(read: ReadTls | null): TlsMaterial | null {
    for (const warning of read?.warnings ?? []) this.#warn(warning)
    return read?.material ?? null
  }

  #look(settings: TlsSettings): string {
    return tlsFiles(settings)
      .map((path) => this.#doors.look(path))
      .join('\n')
  }
}
