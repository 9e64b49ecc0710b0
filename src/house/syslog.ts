import { Courier } from '../observe/courier.ts'
import type { Datagrams } from '../observe/datagrams.ts'
import type { Level } from '../observe/level.ts'
import type { Log } from '../observe/log.ts'
import { type Facility, syslogAddress, syslogMessage } from '../observe/syslog.ts'
import { syslogCarrier } from '../observe/syslogSender.ts'
import type { Settings } from '../settings/registry.ts'

const FLUSH_MS = 500

export type SyslogSettings = Pick<Settings, 'syslog' | 'syslogName' | 'syslogFacility' | 'syslogAccess'>

/** What the log and the access log have in syslog. */
export class Syslog {
  readonly #settings: SyslogSettings
  readonly #sender: Courier

  /** Null: none is wanted. `noteLost` counts. Throws nothing: an address was looked at when the settings were read. */
  static of(
    settings: SyslogSettings,
    datagrams: Datagrams | null,
    log: Log,
    noteLost: (messages: number) => void,
  ): Syslog | null {
    const address = settings.syslog === null ? null : syslogAddress(settings.syslog)
    if (address === null) return null
    const sender = new Courier(syslogCarrier(address, datagrams), {
      failed: (why) => log.warning(`syslog at ${settings.syslog} can't be told: ${why}`, { event: 'syslog_failed' }),
      lost: (messages) => {
        noteLost(messages)
        log.warning(`${messages} messages to syslog were lost`, { event: 'syslog_lost', messages })
      },
    })
    return new Syslog(settings, sender)
  }

  private constructor(settings: SyslogSettings, sender: Courier) {
    this.#settings = settings
    this.#sender = sender
  }

  get takesAccess(): boolean {
    return this.#settings.syslogAccess
  }

  readonly line = (level: Level, pid: number, text: string): void => this.#write('error', level, pid, text)

  /** `line`: with its newline. */
  access(line: string): void {
    this.#write('access', 'info', process.pid, line.trimEnd())
  }

  close(): Promise<void> {
    return this.#sender.close(FLUSH_MS)
  }

  #write(which: 'error' | 'access', level: Level, pid: number, text: string): void {
    const { syslogFacility, syslogName } = this.#settings
    this.#sender.write(syslogMessage(syslogFacility as Facility, `${syslogName}.${which}`, level, pid, text))
  }
}
