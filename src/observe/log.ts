import type { DressTrace } from '../events/attendant.ts'
import type { Fault } from '../faults/fault.ts'
import { briefRecord } from './brief.ts'
import { classicLevel, classicLine, classicText } from './classic.ts'
import { escaped } from './escape.ts'
import { type Fields, LEVELS, type Level } from './level.ts'

/** Where lines go. Each ends with its newline. */
export interface LineSink {
  /** A line of our own, which is dropped (and counted) where there is no room. */
  write(line: string): void
  /** Output of the application, which is never dropped: whoever reads it stops while there is no room. */
  pass(text: string): void
}

export interface LogSettings {
  readonly level: Level
  /** `brief` has no fields but a hint, and what the application prints as it is. */
  readonly format: 'text' | 'brief' | 'json' | 'classic'
  readonly color: boolean
}

/** One line that an application printed or logged. */
export interface Output {
  readonly pid: number
  readonly text: string
  /** What it said of its own weight; `info` where it just printed. */
  readonly level?: Level
  readonly requestId?: string
}

/** What an application logged; level null: as it is to stand there. */
export type RecordOf = Omit<Output, 'level'> & { readonly level: Level | null }

/** The server's log. `wallMs` gives milliseconds since 1970. */
export class Log {
  #settings: LogSettings
  readonly #sink: LineSink
  readonly #wallMs: () => number
  readonly #pid: number
  /** Who gets the lines, too, as far as their level is shown. */
  copy: ((level: Level, pid: number, text: string) => void) | null = null
  /** Whoever writes the lines in our place, whatever their level; false: they can't. */
  divert: ((level: Level, pid: number, text: string) => boolean) | null = null
  /** Who makes tracebacks readable in the formats for people; where debug lines are shown they are whole. */
  dressTrace: DressTrace | null = null
  /** How many lines of our own there were at each level, and with a traceback. */
  readonly counts: Record<Level | 'exception', number> = {
    debug: 0,
    info: 0,
    warning: 0,
    error: 0,
    critical: 0,
    exception: 0,
  }

  /** `pid`: who speaks, where a format has a place for that. */
  constructor(settings: LogSettings, sink: LineSink, wallMs: () => number, pid = 0) {
    this.#settings = settings
    this.#sink = sink
    this.#wallMs = wallMs
    this.#pid = pid
  }

  /** Counts from the next line on. */
  adopt(settings: LogSettings): void {
    this.#settings = settings
  }

  shows(level: Level): boolean {
    return LEVELS.indexOf(level) >= LEVELS.indexOf(this.#settings.level)
  }

  debug(message: string, fields: Fields = {}): void {
    this.line('debug', message, fields)
  }

  info(message: string, fields: Fields = {}): void {
    this.line('info', message, fields)
  }

  warning(message: string, fields: Fields = {}): void {
    this.line('warning', message, fields)
  }

  error(message: string, fields: Fields = {}, trace = ''): void {
    this.line('error', message, fields, trace)
  }

  /** A failure of the table, with its code and hint, and its traceback if it has one. */
  fault(fault: Fault, fields: Fields = {}, level: Level = 'error'): void {
    this.line(level, fault.message, { ...fields, code: fault.code, hint: fault.hint }, fault.trace)
  }

  /** `trace`: text of several lines that belongs to the message. */
  line(level: Level, message: string, fields: Fields = {}, trace = ''): void {
    const weight = this.#settings.format === 'classic' ? classicLevel(level, fields) : level
    this.counts[weight === 'error' && trace !== '' ? 'exception' : weight]++
    if (this.divert?.(weight, this.#pid, this.#copied(message, fields, trace))) return
    if (!this.shows(weight)) return
    this.#sink.write(this.format(weight, message, fields, trace))
    if (this.copy !== null) this.copy(weight, this.#pid, this.#copied(message, fields, trace))
  }

  #copied(message: string, fields: Fields, trace: string): string {
    const isClassic = this.#settings.format === 'classic'
    const text = isClassic ? classicText(message, fields, this.#pid) : escaped(message) + fieldsText(fields)
    return trace.trim() === '' ? text : `${text}\n${trace.trimEnd()}`
  }

  /** The line as it would be written, with its newline. */
  format(level: Level, message: string, fields: Fields = {}, trace = ''): string {
    if (this.#settings.format === 'classic')
      return classicLine(this.#wallMs(), this.#pid, level, classicText(message, fields, this.#pid)) + traceText(trace)
    const time = new Date(this.#wallMs()).toISOString()
    if (this.#settings.format === 'json')
      return jsonLine({ time, level, message, ...fields, trace: trace || undefined })
    const { color, format } = this.#settings
    const isBrief = format === 'brief'
    const padded = level.padEnd(isBrief ? BRIEF_WIDTH : WIDTH)
    const name = color ? COLORS[level] + padded + PLAIN : padded
    const dressed = traceText(trace, this.#dress)
    if (!isBrief) return `${time} ${name} ${escaped(message)}${fieldsText(fields)}\n${dressed}`
    const hint = String(fields.hint ?? '')
    return briefRecord({ wallMs: this.#wallMs(), level: name, message, hint, trace: dressed }, color)
  }

  get #dress(): (text: string) => string {
    const { level, color } = this.#settings
    const dress = level === 'debug' ? null : this.dressTrace
    return dress === null ? (text) => text : (text) => dress(text, color)
  }

  /** A line of the application's, whatever the level: it is the application's to choose what it prints. */
  output({ pid, text, level = 'info', requestId }: Output): void {
    if (this.#settings.format === 'json') {
      const time = new Date(this.#wallMs()).toISOString()
      this.#sink.pass(jsonLine({ time, level, message: text, source: 'application', pid, requestId }))
    } else if (this.#settings.format !== 'text') {
      this.#sink.pass(`${text}\n`)
    } else {
      this.#sink.pass(requestId === undefined ? `[${pid}] ${text}\n` : `[${pid} ${requestId}] ${text}\n`)
    }
  }

  /** A line that the application logged as one of the server's: it gets what those get. Its level was looked at there. */
  record({ level, ...printed }: RecordOf): void {
    if (level === null) return this.output(printed)
    const { pid, text, requestId } = printed
    if (this.copy !== null) this.copy(level, pid, text)
    if (this.#settings.format === 'json') return this.output({ ...printed, level })
    const [message, ...rest] = text.split('\n')
    this.#sink.pass(
      this.#settings.format === 'classic'
        ? classicLine(this.#wallMs(), pid, level, text)
        : this.format(level, message!, { pid, requestId }, rest.join('\n')),
    )
  }
}

const WIDTH = 7
/** So wide are methods in brief lines of requests. */
const BRIEF_WIDTH = 6

const COLORS: Readonly<Record<Level, string>> = {
  debug: '\x1b[2m',
  info: '\x1b[32m',
  warning: '\x1b[33m',
  error: '\x1b[31m',
  critical: '\x1b[31m',
}
const PLAIN = '\x1b[0m'

function jsonLine(facts: Fields): string {
  return `${JSON.stringify(facts)}\n`
}

function fieldsText(fields: Fields): string {
  let text = ''
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) text += ` ${name}=${valueText(String(value))}`
  return text
}

/** Quoted where it would not be clear where it ends. */
function valueText(value: string): string {
  return /^[^\s"=]+$/.test(value) ? escaped(value) : `"${escaped(value).replaceAll('"', '\\"')}"`
}

/** Indented, so that no line of it looks like one of the log's. `dress`: what is done to it once it is harmless. */
function traceText(trace: string, dress = (text: string): string => text): string {
  if (trace.trim() === '') return ''
  const lines = trace.trimEnd().split(/\r?\n/)
  const harmless = lines.map((line) => line.replace(/[\0-\x08\x0a-\x1f\x7f-\x9f]/g, '?')).join('\n')
  return dress(harmless).replace(/^/gm, '    ').concat('\n')
}
