import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { DEEDS, SIGNAL_WORDS } from '../events/signals.ts'
import { durationText, parseDuration, parseSize, sizeText } from '../kit/units.ts'

/** How the words of one setting become its value. Every source (flag, variable, file) ends up as words. */
export interface Reader<T> {
  /** `switch` takes no word on the command line; `many` and `pairs` may repeat, and `pairs` of all sources add up. */
  readonly shape: 'one' | 'switch' | 'many' | 'pairs'
  /** Stands for the value in the help; '' for a switch. */
  readonly metavar: string
  /** Ends the sentence "--flag must be …". */
  readonly wants: string
  /** A bare number of a settings file would be misread: it has to be a string there. */
  readonly quoted?: true
  /** `folder`: what a relative path starts from. Undefined: the words can't be read. */
  read(words: readonly string[], folder: string): T | undefined
  /** The value as it could be written in a source. */
  show(value: T): string
}

function one<T>(
  metavar: string,
  wants: string,
  read: (word: string, folder: string) => T | undefined,
  show: (value: T) => string = String,
): Reader<T> {
  return {
    shape: 'one',
    metavar,
    wants,
    read: ([word], folder) => (word === undefined ? undefined : read(word, folder)),
    show,
  }
}

export function text(metavar: string, wants: string, pattern = /^[^\0]+$/): Reader<string> {
  return one(metavar, wants, (word) => (pattern.test(word) ? word : undefined))
}

/** A text that `takes` says yes to. */
export function word(metavar: string, wants: string, takes: (word: string) => boolean): Reader<string> {
  return one(metavar, wants, (given) => (takes(given) ? given : undefined))
}

/** An absolute path; what is not absolute starts from the folder of its source. `except` stays as it is. */
export function path(metavar: string, except: RegExp = /^(?!)/): Reader<string> {
  return one(metavar, 'a path', (word, folder) => {
    if (word === '' || word.includes('\0')) return undefined
    return except.test(word) ? word : resolve(folder, word)
  })
}

export function choice<const C extends readonly string[]>(...choices: C): Reader<C[number]> {
  return one(choices.join('|'), oneOf(choices), (word) => choices.find((choice) => choice === word))
}

export function choices<const C extends readonly string[]>(...all: C): Reader<readonly C[number][]> {
  const wants = `${oneOf(all)}, or several with commas between`
  return many('LIST', wants, (word) => all.find((choice) => choice === word) as C[number] | undefined)
}

function oneOf(choices: readonly string[]): string {
  return choices.length === 1 ? choices[0]! : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
}

export function integer(least: number, most: number, words: Readonly<Record<string, number>> = {}): Reader<number> {
  const named = Object.keys(words)
  return one(
    [...named, 'N'].join('|'),
    [...named, `a whole number from ${least} to ${most}`].join(' or '),
    (word) => {
      if (Object.hasOwn(words, word)) return words[word]
      const value = /^\d{1,15}$/.test(word) ? Number(word) : -1
      return value >= least && value <= most ? value : undefined
    },
    (value) => named.find((word) => words[word] === value) ?? String(value),
  )
}

/** How many workers: `4`, `2..8`, `auto`. `most` is never below `least`; both 0 for `auto`. */
export interface WorkerRange {
  readonly least: number
  readonly most: number
}

const MOST_WORKERS = 1024

export const workerRange: Reader<WorkerRange> = one(
  'auto|N|N..M',
  `auto, a whole number from 1 to ${MOST_WORKERS}, or two such as 2..8 (the first may be 0)`,
  (word) => {
    if (word === 'auto') return { least: 0, most: 0 }
    const [, from, to] = /^(\d{1,5})(?:\.\.(\d{1,5}))?$/.exec(word) ?? []
    const least = Number(from)
    const most = Number(to ?? from)
    return from !== undefined && most >= Math.max(1, least) && most <= MOST_WORKERS ? { least, most } : undefined
  },
  ({ least, most }) => (most === 0 ? 'auto' : least === most ? String(least) : `${least}..${most}`),
)

/** Milliseconds. */
export function duration(least = '1ms', most = '24h'): Reader<number> {
  const [from, to] = [parseDuration(least)!, parseDuration(most)!]
  return one(
    'TIME',
    `a time from ${least} to ${most}, such as 500ms, 30s or 2m`,
    (word) => within(parseDuration(word), from, to),
    durationText,
  )
}

/** Bytes. `zero` says what 0 means where that isn't a size like others. */
export function size({ least = '0', most = '', zero = '' } = {}): Reader<number> {
  const [from, to] = [parseSize(least)!, most ? parseSize(most)! : Number.MAX_SAFE_INTEGER]
  const range = most ? ` from ${least} to ${most}` : from > 0 ? ` of at least ${least}` : ''
  return one(
    'SIZE',
    `a size${range} such as 8190, 64KiB or 1GiB${zero && ` (0: ${zero})`}`,
    (word) => within(parseSize(word), from, to),
    sizeText,
  )
}

function within(value: number | null, least: number, most: number): number | undefined {
  return value !== null && value >= least && value <= most ? value : undefined
}

/** Permission bits. A number in a settings file is decimal to TOML, so it is taken as a string only. */
export const octal: Reader<number> = {
  ...one(
    'MODE',
    'permissions in octal such as 660 (in a settings file: a string)',
    (word) => (/^(0o?)?[0-7]{3}$/.test(word) ? Number.parseInt(word.replace('o', ''), 8) : undefined),
    (value) => value.toString(8).padStart(3, '0'),
  ),
  quoted: true,
}

const TRUE = ['true', 'yes', 'on', '1']
const FALSE = ['false', 'no', 'off', '0']

export const toggle: Reader<boolean> = {
  ...one<boolean>('', 'true or false', (word) => {
    const lower = word.toLowerCase()
    return TRUE.includes(lower) ? true : FALSE.includes(lower) ? false : undefined
  }),
  shape: 'switch',
}

/** Does this word of a variable turn off what is no switch by itself (`DRAM_SERVER_HEADER=off`)? */
export function turnsOff(word: string): boolean {
  return FALSE.slice(0, 3).includes(word.toLowerCase())
}

/** Several values: the setting repeats, and one word may hold several, with `separator` between. */
export function many<T extends string>(
  metavar: string,
  wants: string,
  read: (word: string, folder: string) => T | undefined,
  separator = ',',
): Reader<readonly T[]> {
  return {
    shape: 'many',
    metavar,
    wants,
    read(words, folder) {
      const parts = words.flatMap((word) => word.split(separator)).map((part) => part.trim())
      const values = parts.filter((part) => part !== '').map((part) => read(part, folder))
      return values.includes(undefined) ? undefined : (values as T[])
    },
    show: (values) => values.join(separator),
  }
}

/** At least one. */
export function texts(metavar: string, wants: string): Reader<readonly string[]> {
  const any = many(metavar, wants, (word) => (word.includes('\0') ? undefined : word))
  return {
    ...any,
    read(words, folder) {
      const values = any.read(words, folder)
      return values?.length ? values : undefined
    },
  }
}

/** Paths with colons between, as in PYTHONPATH. */
export const paths: Reader<readonly string[]> = many(
  'PATH',
  'a path, or several with colons between',
  (word, folder) => (word.includes('\0') ? undefined : resolve(folder, word)),
  ':',
)

/** Certificates by host name: HOST=CERT or HOST=CERT:KEY, the paths absolute afterwards. */
export const certificates: Reader<readonly string[]> = many(
  'HOST=CERT[:KEY]',
  'HOST=CERT or HOST=CERT:KEY, where HOST is a name or *.NAME',
  (word, folder) => {
    const [, host, certificate, key] = /^((?:\*\.)?[\w-]+(?:\.[\w-]+)*)=([^:\0]+)(?::([^:\0]+))?$/.exec(word) ?? []
    if (host === undefined) return undefined
    return `${host.toLowerCase()}=${[certificate!, ...(key === undefined ? [] : [key])].map((one) => resolve(folder, one)).join(':')}`
  },
)

/** Where a password is, as openssl's `-passin` has it, without the form that everybody could read. */
export const passwordPlace: Reader<string> = one('file:PATH|env:NAME', 'file:PATH or env:NAME', (word, folder) => {
  const [, kind, rest] = /^(file|env):([^\0]+)$/.exec(word) ?? []
  if (kind === undefined) return undefined
  return kind === 'env' ? word : `file:${resolve(folder, rest!)}`
})

export const pairs: Reader<Readonly<Record<string, string>>> = {
  shape: 'pairs',
  metavar: 'KEY=VALUE',
  wants: 'KEY=VALUE',
  read(words) {
    if (words.some((word) => word.indexOf('=') < 1 || word.includes('\0'))) return undefined
    return Object.fromEntries(
      words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
    )
  },
  show: (values) =>
    Object.entries(values)
      .map((pair) => pair.join('='))
      .join(' '),
}

/** Whose word on the client is believed: addresses, networks, `unix` (peers of Unix sockets), `*` (everybody). */
export const peers = many('LIST', 'addresses, networks such as 10.0.0.0/8, unix or *, with commas between', (word) => {
  if (word === 'unix' || word === '*') return word
  const [address, prefix, ...rest] = word.split('/')
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address!)]!
  if (bits === 0 || rest.length > 0) return undefined
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits) ? word : undefined
})

/** Header names with the value that counts: `X-Forwarded-Proto=https`. */
export const headerValues = many(
  'NAME=VALUE',
  'NAME=VALUE with a header name and visible ASCII, or several with commas between',
  (word) => (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(word) ? word : undefined),
)

/** Names of headers that have an underscore; `*` for any. */
export const forwarders = many('LIST', 'header names with an underscore, or *, with commas between', (word) =>
  word === '*' || /^(?=.*_)[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(word) ? word : undefined,
)

/** What signals ask for: `INT=stop-fast`. */
export const signalDeeds = many(
  'SIGNAL=DEED',
  `SIGNAL=DEED; signals are ${SIGNAL_WORDS.join(', ')}, deeds ${DEEDS.join(', ')}`,
  (word) => {
    const [signal, deed, ...rest] = word.split('=')
    const isOne = SIGNAL_WORDS.some((one) => one === signal) && DEEDS.some((one) => one === deed)
    return isOne && rest.length === 0 ? word : undefined
  },
)

// RFC 9110 §5.6.2
export const headerName = text('NAME', 'a header name', /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/)
// RFC 9110 §5.5, ASCII only
export const headerValue = text('TEXT', 'visible ASCII text', /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/)
