import { Fault } from '../faults/fault.ts'
import { nearest } from '../kit/nearest.ts'
import { rowOf, type SettingKey } from './registry.ts'

/** Where a value came from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string; readonly line: number; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string }
  /** Another server's word. `source`: where that was said, as it is read out; `server`'s own default has none. */
  | { readonly kind: 'dialect'; readonly server: string; readonly source: string; readonly name: string }

/** A setting as a source gave it, not read yet. `off`: by `--no-FLAG` or its like. */
export interface Given {
  readonly key: SettingKey
  readonly words: readonly string[]
  readonly off: boolean
  readonly origin: Origin
}

export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default'
    case 'file':
      return `${origin.path}, line ${origin.line}`
    case 'variable':
      return `variable ${origin.name}`
    case 'flag':
      return origin.name === '' ? 'command line' : `command line, ${origin.name}`
    case 'dialect':
      return origin.source === '' ? `${origin.server}'s default` : `${origin.source}, ${origin.name}`
  }
}

/** The value of a setting from the words of one source. Relative paths start from `folder`. */
export function readGiven({ key, words, off, origin }: Given, folder: string): unknown {
  const { reader, off: offValue } = rowOf(key)
  if (off) return offValue
  const value = reader.read(words, folder)
  if (value === undefined) throw invalid(origin, reader.wants, words)
  return value
}

export function invalid(origin: Origin, wants: string, words: readonly string[]): Fault {
  const got = words.map((word) => JSON.stringify(word)).join(', ') || 'empty'
  return new Fault('SETTING_INVALID', { detail: `${named(origin)} must be ${wants}, not ${got}` }, '', helpOn(origin))
}

/** Where a setting of another server is told of; '': it is one of ours. */
export function helpOn(origin: Origin): string {
  return origin.kind === 'dialect' ? `see docs/${origin.server.toLowerCase()}.md` : ''
}

function named(origin: Origin): string {
  if (origin.kind === 'default') return 'the default'
  if (origin.kind === 'file') return `${origin.name} (${originText(origin)})`
  if (origin.kind === 'dialect') return origin.source === '' ? originText(origin) : `${origin.name} (${origin.source})`
  return origin.name || 'APP'
}

/** Did nobody ask for it? The defaults of another server, whose words are spoken, are nobody's wish either. */
export function isDefault(origin: Origin): boolean {
  return origin.kind === 'default' || (origin.kind === 'dialect' && origin.source === '')
}

/** A name that no setting has; `all` holds those it could have been. */
export function unknown(name: string, where: string, all: Iterable<string>): Fault {
  const meant = nearest(name, all)
  return new Fault('SETTING_UNKNOWN', { detail: name + where }, '', meant === null ? '' : `did you mean ${meant}?`)
}
