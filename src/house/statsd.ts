import type { Datagrams } from '../observe/datagrams.ts'
import type { Family } from '../observe/family.ts'
import type { RequestMetrics } from '../observe/requestMeter.ts'
import { packets, statsdLines } from '../observe/statsd.ts'
import { classicLines, tagged } from '../observe/statsdClassic.ts'
import { StatsdSender } from '../observe/statsdSender.ts'
import type { Settings } from '../settings/registry.ts'

const LAST_PUSH_MS = 500
const UNIX = 'unix:'

export type StatsdSettings = Pick<
  Settings,
  'statsd' | 'statsdPrefix' | 'statsdIntervalMs' | 'statsdNames' | 'statsdTags'
>

/** What is to be told next; each time what came since. */
export type Tale = (prefix: string) => readonly string[]

export function ownTale(families: () => Family[]): Tale {
  let before: Family[] = []
  return (prefix) => {
    const now = families()
    const lines = statsdLines(prefix, before, now)
    before = now
    return lines
  }
}

interface ClassicSources {
  readonly meters: readonly RequestMetrics[]
  /** Lines of the log by their level, and those with a traceback. */
  readonly logged: Readonly<Record<string, number>>
  readonly supervisor: { readonly workers: readonly unknown[] }
  usage(): { readonly queued: number }
}

/** By the names that pre-forking servers use. */
export function classicTale({ meters, logged, supervisor, usage }: ClassicSources): Tale {
  const readers = meters.flatMap(({ singles }) => (singles === null ? [] : [singles.reader()]))
  const kinds = ['critical', 'error', 'warning', 'exception'] as const
  const seen = { ...logged }
  return (prefix) => {
    const news = kinds.map((kind) => [kind, logged[kind]! - seen[kind]!] as const)
    Object.assign(seen, logged)
    return classicLines(prefix, {
      singles: readers.map((read) => read()),
      logged: news.filter(([, count]) => count > 0),
      workers: supervisor.workers.length,
      waiting: usage().queued,
    })
  }
}

interface Sender {
  send(packets: readonly string[]): Promise<void>
  close(): void
}

interface PushParts {
  readonly settings: StatsdSettings
  /** The way to Unix sockets; null: none is needed. */
  readonly datagrams: Datagrams | null
  warn(message: string): void
}

/** Tells StatsD what is new, again and again. */
export class StatsdPush {
  readonly #settings: StatsdSettings
  readonly #sender: Sender
  readonly #tale: Tale
  readonly #timer: NodeJS.Timeout

  static of({ settings, datagrams, warn }: PushParts, tale: Tale): StatsdPush | null {
    const { statsd } = settings
    if (statsd === null) return null
    const failed = (why: string): void => warn(`the StatsD server ${statsd} can't be told: ${why}`)
    const sender = statsd.startsWith(UNIX) ? unixSender(statsd, datagrams) : new StatsdSender(statsd, failed)
    return new StatsdPush(settings, sender, tale)
  }

  private constructor(settings: StatsdSettings, sender: Sender, tale: Tale) {
    this.#settings = settings
    this.#sender = sender
    this.#tale = tale
    this.#timer = setInterval(() => void this.push(), settings.statsdIntervalMs).unref()
  }

  async push(): Promise<void> {
    const { statsdPrefix, statsdTags } = this.#settings
    await this.#sender.send(packets(tagged(this.#tale(statsdPrefix), statsdTags)))
  }

  /** A name that nobody resolves must not hold up the end. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await within(LAST_PUSH_MS, this.push())
    this.#sender.close()
  }
}

/** What is lost on the way is told by whoever sends. */
function unixSender(address: string, datagrams: Datagrams | null): Sender {
  const path = address.slice(UNIX.length)
  return {
    send: async (packets) => {
      if (packets.length > 0) datagrams?.send(path, packets)
    },
    close: () => {},
  }
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([work, new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)))])
  clearTimeout(timer)
}
