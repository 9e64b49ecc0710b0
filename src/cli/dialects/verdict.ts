import type { Origin } from '../../settings/given.ts'
import type { SettingKey } from '../../settings/registry.ts'

/** A value of another server's setting. What JSON can't hold comes from its Python files as `Thing`. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value }

/** A function or class by its name, anything else by its look. */
export interface Thing {
  readonly $: 'function' | 'class' | 'object'
  readonly name?: string
  readonly repr?: string
}

/** What a setting of ours is to be. */
export interface Gift {
  readonly key: SettingKey
  readonly words: readonly string[]
  readonly off?: boolean
}

/** All settings of the other server by name, defaults included: some mean something only beside others. */
export type Values = Readonly<Record<string, Value>>

/** @throws Fault SETTING_REFUSED, SETTING_INVALID: `refuse`, `wrong` */
export type Give = (value: Value, all: Values, told: Told) => readonly Gift[]

/** Why what was told has no effect, or less than it says; null: it has. */
export type Warn = (value: Value, all: Values) => string | null

/**
 * What becomes of a setting of another server.
 * - same: it means here what it means there
 * - mapped: to something of ours that does its work, and `to` says to what
 * - accepted: it has no meaning here, and `why` says so in a warning, unless it is the default
 * - refused: the server would not do what was asked for, so it doesn't start, unless it is the default
 */
export type Verdict =
  | { readonly kind: 'same'; readonly to: string; readonly give: Give }
  | { readonly kind: 'mapped'; readonly to: string; readonly give: Give; readonly warn?: Warn }
  | { readonly kind: 'accepted'; readonly why: string }
  | { readonly kind: 'refused'; readonly instead: string }

/** One setting of another server. */
export interface ForeignRow {
  readonly name: string
  readonly section: string
  /** None: a file alone can set it. */
  readonly flags: readonly string[]
  readonly default: Value
  readonly help: string
  readonly verdict: Verdict
}

/** A value that somebody gave. */
export interface Told {
  readonly value: Value
  readonly origin: Origin
}

export const same = (to: string, give: Give): Verdict => ({ kind: 'same', to, give })
export const mapped = (to: string, give: Give, warn: Warn = () => null): Verdict => ({ kind: 'mapped', to, give, warn })
export const accepted = (why: string): Verdict => ({ kind: 'accepted', why })
export const refused = (instead: string): Verdict => ({ kind: 'refused', instead })

export function gift(key: SettingKey, ...words: readonly (string | number)[]): Gift {
  return { key, words: words.map(String) }
}

/** Text, unless it is null. */
export function gifts(key: SettingKey, value: Value): Gift[] {
  return value === null ? [] : [gift(key, String(value))]
}

export function isThing(value: Value): value is Value & Thing {
  return typeof value === 'object' && value !== null && '$' in value
}
