import { Fault } from '../faults/fault.ts'
import { nearest } from '../kit/nearest.ts'

/** One option of a command that is no setting. */
export interface Option {
  /** What stands for its value in the help; '' for a switch. */
  readonly metavar: string
  readonly help: string
}

/** A command line of such a command, taken apart. */
export interface Options {
  /** By flag (`--pid`); a switch that was there is 'true'. */
  readonly values: ReadonlyMap<string, string>
  /** What is no option. */
  readonly words: readonly string[]
}

/**
 * @param shorts short flags, and the long ones they stand for
 * @throws Fault USAGE
 */
export function readOptions(
  argv: readonly string[],
  options: Readonly<Record<string, Option>>,
  shorts: Readonly<Record<string, string>> = {},
): Options {
  const values = new Map<string, string>()
  const words: string[] = []
  const waiting = [...argv]
  while (waiting.length > 0) {
    const argument = waiting.shift()!
    if (!/^-./.test(argument)) {
      words.push(argument)
      continue
    }
    const [, written, given] = /^([^=]+)(?:=(.*))?$/s.exec(argument) ?? []
    const flag = shorts[written!] ?? written!
    const option = Object.hasOwn(options, flag) ? options[flag]! : null
    if (option === null) throw unknownOption(flag, Object.keys(options))
    values.set(flag, option.metavar === '' ? switchedOn(flag, given) : (given ?? nextWord(flag, waiting)))
  }
  return { values, words }
}

function switchedOn(flag: string, given: string | undefined): string {
  if (given !== undefined) throw usage(`${flag} takes no value`)
  return 'true'
}

function nextWord(flag: string, waiting: string[]): string {
  const word = waiting.shift()
  if (word === undefined || /^-./.test(word)) throw usage(`${flag} needs a value`)
  return word
}

function unknownOption(flag: string, all: readonly string[]): Fault {
  const meant = nearest(flag, all)
  return usage(`there is no option ${flag} here`, meant === null ? '' : `did you mean ${meant}?`)
}

export function usage(detail: string, hint = ''): Fault {
  return new Fault('USAGE', { detail }, '', hint)
}
