import { Fault } from '../faults/fault.ts'
import { type Given, unknown } from './given.ts'
import { canTurnOff, rowOf, SETTING_KEYS, type SettingKey } from './registry.ts'

/** A command line, taken apart. */
export interface Arguments {
  readonly given: readonly Given[]
  /** Those of `switches` that were there. */
  readonly switches: ReadonlySet<string>
  /** What stood behind the flags of `Own.valued`, in its order. */
  readonly values: readonly OwnValue[]
  /** What is no option, where `Own.takesWords`. */
  readonly words: readonly string[]
}

export interface OwnValue {
  readonly flag: string
  readonly value: string
}

/** What a command has of its own beside the settings. */
export interface Own {
  /** Its flags that take a value; short ones map to their long form. Any word is a value, also one that begins with a dash. */
  readonly valued: Readonly<Record<string, string>>
  /** What is no option is the command's to read, and no APP. */
  readonly takesWords: boolean
}

const NOTHING_OWN: Own = { valued: {}, takesWords: false }

interface Flag {
  readonly key: SettingKey
  /** The word it stands for: that of a switch, or none for `--no-FLAG`. */
  readonly fixed: 'true' | 'off' | null
}

/** `switches`: flags of the command itself, which take no value; short ones map to their long form. */
export function readArguments(
  argv: readonly string[],
  switches: Readonly<Record<string, string>> = {},
  own: Own = NOTHING_OWN,
): Arguments {
  const given: Given[] = []
  const found = new Set<string>()
  const values: OwnValue[] = []
  const words: string[] = []
  const names = [...Object.keys(switches), ...Object.keys(own.valued)]
  const waiting = [...argv]
  let onlyWords = false
  while (waiting.length > 0) {
    const argument = waiting.shift()!
    const ownFlag = own.valued[splitFlag(argument).name]
    if (argument === '--' && !onlyWords) onlyWords = true
    else if (onlyWords || !argument.startsWith('-') || argument === '-') {
      if (own.takesWords) words.push(argument)
      else given.push(appGiven(argument, given))
    } else if (Object.hasOwn(switches, argument)) found.add(switches[argument]!)
    else if (ownFlag !== undefined) values.push({ flag: ownFlag, value: ownValue(argument, waiting) })
    else given.push(readFlag(argument, waiting, names))
  }
  return { given, switches: found, values, words }
}

function ownValue(argument: string, waiting: string[]): string {
  const attached = isLong(argument) ? splitFlag(argument).value : argument.slice(2) || null
  const value = attached ?? waiting.shift()
  if (value === undefined) throw new Fault('USAGE', { detail: `${argument} needs a value` })
  return value
}

/** A word of the command line that names the application. Faults: USAGE where `before` names one. */
export function appGiven(word: string, before: readonly Given[] = []): Given {
  const other = before.find(({ key }) => key === 'app')
  // As pserve takes them: production.ini http_port=8080
  if (/\.ini(?:#|$)/.test(other?.words[0] ?? '') && word.includes('=')) {
    return { key: 'pasteGlobal', words: [word], off: false, origin: { kind: 'flag', name: '' } }
  }
  if (other) throw new Fault('USAGE', { detail: `there are two applications: ${other.words[0]} and ${word}` })
  return { key: 'app', words: [word], off: false, origin: { kind: 'flag', name: '' } }
}

function readFlag(argument: string, waiting: string[], switches: readonly string[]): Given {
  const { name, value } = splitFlag(argument)
  const flag = FLAGS.get(name)
  if (!flag) throw unknown(name, '', [...FLAGS.keys(), ...switches].filter(isLong))
  const origin = { kind: 'flag', name } as const
  if (flag.fixed === 'off') {
    if (value !== null) throw new Fault('USAGE', { detail: `${name} takes no value` })
    return { key: flag.key, words: ['false'], off: rowOf(flag.key).reader.shape !== 'switch', origin }
  }
  const word = value ?? flag.fixed ?? nextWord(name, waiting)
  return { key: flag.key, words: [word], off: false, origin }
}

/** `--flag=value`, `-w4` and `-w=4` carry their value with them. */
function splitFlag(argument: string): { name: string; value: string | null } {
  if (!isLong(argument)) {
    return { name: argument.slice(0, 2), value: argument.length > 2 ? argument.slice(2).replace(/^=/, '') : null }
  }
  const at = argument.indexOf('=')
  return at < 0 ? { name: argument, value: null } : { name: argument.slice(0, at), value: argument.slice(at + 1) }
}

const isLong = (flag: string): boolean => flag.startsWith('--')

function nextWord(name: string, waiting: string[]): string {
  const word = waiting.shift()
  if (word === undefined || /^-./.test(word)) {
    throw new Fault('USAGE', {
      detail: `${name} needs a value${word ? `; for one that begins with a dash write ${name}=${word}` : ''}`,
    })
  }
  return word
}

const FLAGS: ReadonlyMap<string, Flag> = new Map(SETTING_KEYS.flatMap(flagsOf))

function flagsOf(key: SettingKey): [name: string, flag: Flag][] {
  const { flag, short, reader } = rowOf(key)
  if (flag === '') return []
  const on: Flag = { key, fixed: reader.shape === 'switch' ? 'true' : null }
  const flags: [string, Flag][] = [[flag, on]]
  if (short) flags.push([short, on])
  if (canTurnOff(key)) flags.push([`--no-${flag.slice(2)}`, { key, fixed: 'off' }])
  return flags
}
