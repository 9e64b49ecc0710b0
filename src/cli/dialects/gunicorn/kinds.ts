import { isIP } from 'node:net'
import { isThing, type Value } from '../verdict.ts'

/** How a setting is read: its flag as argparse does, a value of any source as Gunicorn's own check does. */
export interface Kind {
  /** What its flag takes: one word, none (then it means `fixed`), perhaps one (else `fixed`), or one that adds to a list. */
  readonly takes: 'one' | 'none' | 'perhaps' | 'append'
  readonly fixed: Value
  /** The word as a value; undefined: argparse refuses it. */
  readonly convert: (word: string) => Value | undefined
  /** argparse's name for it, in its refusal. */
  readonly typeName: string
  /** The value as Gunicorn keeps it; undefined: it refuses it. */
  readonly check: (value: Value) => Value | undefined
  /** Ends the sentence "must be …". */
  readonly wants: string
}

const TEXT: Kind = {
  takes: 'one',
  fixed: null,
  convert: (word) => word,
  typeName: 'str',
  check: (value) => (value === null ? null : typeof value === 'string' ? value.trim() : undefined),
  wants: 'text',
}

export const text: Kind = TEXT

/** int() of Python: signs, spaces around it and single underscores are welcome. */
export function pythonInt(word: string): number | undefined {
  const trimmed = word.trim()
  return /^[+-]?\d+(?:_\d+)*$/.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined
}

/** int(x, 0) of Python: 0x1f, 0o17, 0b1; a leading zero alone is no number. */
function prefixedInt(word: string): number | undefined {
  const [, sign, digits] = /^([+-]?)(0[xob][\da-f]+(?:_[\da-f]+)*|0+|[1-9]\d*(?:_\d+)*)$/i.exec(word.trim()) ?? []
  if (digits === undefined) return undefined
  const value = Number(digits.replaceAll('_', ''))
  return Number.isNaN(value) ? undefined : sign === '-' ? -value : value
}

function positive(value: Value): number | undefined {
  const number = typeof value === 'string' ? prefixedInt(value) : typeof value === 'boolean' ? Number(value) : value
  return typeof number === 'number' && number >= 0 ? Math.trunc(number) : undefined
}

export const integer: Kind = {
  ...TEXT,
  convert: pythonInt,
  typeName: 'int',
  check: positive,
  wants: 'a whole number, 0 or more',
}

/** argparse leaves its word alone; the check reads it. */
export const number: Kind = { ...integer, convert: (word) => word, typeName: 'str' }

/** Permissions: 022 is octal, as is 0o22. */
export const mode: Kind = {
  ...integer,
  convert: (word) => prefixedInt(word.replace(/^0(?=\d)/, '0o')),
  typeName: 'auto_int',
}

export const toggle: Kind = {
  ...TEXT,
  takes: 'none',
  fixed: true,
  check(value) {
    if (value === null || typeof value === 'boolean') return value
    const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
    return word === 'true' ? true : word === 'false' ? false : undefined
  },
  wants: 'True or False',
}

/** A flag that sets False. */
export const off: Kind = { ...toggle, fixed: false }

export const list: Kind = {
  ...TEXT,
  takes: 'append',
  check(value) {
    const items = Array.isArray(value) ? value : value ? [value] : []
    return items.every((item) => typeof item === 'string') ? items.map((item) => item.trim()) : undefined
  },
  wants: 'text, or a list of texts',
}

/** Text with commas between, kept as a list. */
export const names: Kind = {
  ...TEXT,
  check: (value) => (value === null || typeof value === 'string' ? split(value ?? '') : undefined),
  wants: 'text with commas between',
}

function split(words: string): string[] {
  return words === ''
    ? []
    : words
        .split(',')
        .filter((word) => word !== '')
        .map((word) => word.trim())
}

export const addresses: Kind = {
  ...names,
  check(value) {
    const all = names.check(value) as string[] | undefined
    return all?.every((word) => word === '*' || isNetwork(word)) ? all : undefined
  },
  wants: 'addresses, strict networks such as 10.0.0.0/8, or *, with commas between',
}

function isNetwork(word: string): boolean {
  const [address = '', prefix, ...rest] = word.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)]!
  if (bits < 0 || rest.length > 0) return false
  if (prefix === undefined) return true
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) return false
  return bits === 128 || hostBits(address, Number(prefix)) === 0
}

/** What an IPv4 network must not have: ip_network is strict, for 10.0.0.1/8 is a mistake. */
function hostBits(address: string, prefix: number): number {
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return value % 2 ** (32 - prefix)
}

export function choice(...all: readonly string[]): Kind {
  return {
    ...TEXT,
    check(value) {
      const word = value === null ? all[0]! : typeof value === 'string' ? value.trim().toLowerCase() : ''
      return all.includes(word) ? word : undefined
    },
    wants: `one of ${all.join(', ')}`,
  }
}

/** A name, or the class itself from the file. */
export const cls: Kind = {
  ...TEXT,
  check: (value) => (isThing(value) ? value : TEXT.check(value)),
  wants: 'a name or a class',
}

export const dict: Kind = {
  ...TEXT,
  check: (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined),
  wants: 'a dictionary',
}

/** A function of the file, or the dotted name of one. */
export const hook: Kind = {
  ...TEXT,
  check: (value) => (isThing(value) || (typeof value === 'string' && value.includes('.')) ? value : undefined),
  wants: 'a function, or its dotted name',
}

const PROXY_MODES: Readonly<Record<string, string>> = {
  ...{ false: 'off', off: 'off', 0: 'off', none: 'off', true: 'auto', auto: 'auto', 1: 'auto', v1: 'v1', v2: 'v2' },
}

export const proxyMode: Kind = {
  ...TEXT,
  takes: 'perhaps',
  fixed: 'auto',
  check(value) {
    if (value === null) return 'off'
    return typeof value === 'number' || typeof value === 'object'
      ? undefined
      : PROXY_MODES[String(value).trim().toLowerCase()]
  },
  wants: 'off, v1, v2 or auto',
}

export const protocols: Kind = {
  ...TEXT,
  check(value) {
    const words = value === null ? 'h1' : typeof value === 'string' ? value.trim().toLowerCase() || 'h1' : '?'
    const all = split(words).filter((word) => word !== '')
    const isGood = all.every((word) => ['h1', 'h2'].includes(word)) && new Set(all).size === all.length
    return isGood ? (all.length ? all : ['h1']) : undefined
  },
  wants: 'h1 or h2, or both with a comma between',
}

export const cleartext: Kind = {
  ...choice('off', 'prior-knowledge', 'upgrade', 'both'),
  check(value) {
    if (typeof value === 'boolean') return value ? 'prior-knowledge' : 'off'
    return choice('off', 'prior-knowledge', 'upgrade', 'both').check(value)
  },
}

export function between(least: number, most: number): Kind {
  return {
    ...integer,
    check(value) {
      const number = positive(value)
      return number !== undefined && number >= least && number <= most ? number : undefined
    },
    wants: `a whole number from ${least} to ${most}`,
  }
}

/** A user or a group: its name or number. */
export const who: Kind = {
  ...TEXT,
  check: (value) => (typeof value === 'number' || value === null ? value : TEXT.check(value)),
  wants: 'a name or a number',
}

/** Whatever it is, it counts for nothing. */
export const anything: Kind = { ...TEXT, check: (value) => value, wants: 'anything' }
