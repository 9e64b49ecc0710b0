import { Fault } from '../../faults/fault.ts'
import { nearest } from '../../kit/nearest.ts'

/**
 * A command line taken apart as Python's argparse does it (allow_abbrev, one positional with nargs='*'), because what
 * stands in a Procfile or a unit was written against that: unique prefixes, options after words, `-w4`, `-Dw4`, `--x=y`.
 */
export interface Option {
  readonly flags: readonly string[]
  /** How many words follow: one, none, or perhaps one. */
  readonly takes: 'one' | 'none' | 'perhaps'
  /** The word as a value; undefined: refused. */
  convert(word: string): unknown
  /** argparse's name for its type, in the refusal. */
  readonly typeName: string
  /** What comes after it isn't looked at (--help). */
  readonly isLast?: true
}

/** An option that was there, in the order of the line. */
export interface Found<O extends Option> {
  readonly option: O
  /** As it is spelled out: `--workers` for `--work`. */
  readonly flag: string
  /** Converted; undefined where there was no word. */
  readonly value: unknown
}

export interface Line<O extends Option> {
  readonly found: readonly Found<O>[]
  readonly words: readonly string[]
}

interface Written<O> {
  readonly option: O
  readonly flag: string
  /** What stands in the same word. */
  readonly inside: string | null
}

/** @param hint where all options are told. Faults: USAGE. */
export function parseLine<O extends Option>(argv: readonly string[], options: readonly O[], hint: string): Line<O> {
  try {
    return new Reading(argv, options).line()
  } catch (error) {
    if (error instanceof Misread) throw new Fault('USAGE', { detail: error.message }, '', error.meant || hint)
    throw error
  }
}

/** Why a line can't be taken, and what may have been meant. */
class Misread extends Error {
  readonly meant: string

  constructor(why: string, meant = '') {
    super(why)
    this.meant = meant
  }
}

class Reading<O extends Option> {
  readonly #argv: readonly string[]
  readonly #options = new Map<string, O>()
  readonly #found: Found<O>[] = []
  /** What each word is: 'O' may be an option, 'A' can't be one, '-' is the `--`. */
  readonly #kinds: string
  #words: string[] | null = null
  readonly #unknown: string[] = []

  constructor(argv: readonly string[], options: readonly O[]) {
    this.#argv = argv
    for (const option of options) for (const flag of option.flags) this.#options.set(flag, option)
    const end = argv.indexOf('--')
    this.#kinds = argv
      .map((word, at) => (at === end ? '-' : end >= 0 && at > end ? 'A' : this.#optionOf(word) === null ? 'A' : 'O'))
      .join('')
  }

  line(): Line<O> {
    let at = 0
    while (at < this.#argv.length && !this.#found.at(-1)?.option.isLast)
      at = this.#kinds[at] === 'O' ? this.#option(at) : this.#positionals(at)
    const isOver = this.#found.at(-1)?.option.isLast ?? false
    if (this.#unknown.length > 0 && !isOver)
      throw new Misread(`unrecognized arguments: ${this.#unknown.join(' ')}`, this.#suggestion())
    return { found: this.#found, words: this.#words ?? [] }
  }

  #suggestion(): string {
    const [option = ''] = this.#unknown.filter((word) => word.startsWith('--'))
    const meant = option === '' ? null : nearest(option.replace(/=.*/s, ''), this.#options.keys())
    return meant === null ? '' : `did you mean ${meant}?`
  }

  /** Words are taken once: those that come after another option are too many. */
  #positionals(at: number): number {
    let end = at
    while (end < this.#argv.length && this.#kinds[end] !== 'O') end++
    const words = this.#argv.slice(at, end).filter((_, index) => this.#kinds[at + index] === 'A')
    if (this.#words === null) this.#words = words
    else this.#unknown.push(...words)
    return end
  }

  #option(at: number): number {
    const written = this.#optionOf(this.#argv[at]!)!
    if (written === 'unknown') {
      this.#unknown.push(this.#argv[at]!)
      return at + 1
    }
    return written.inside === null ? this.#withFollowing(written, at + 1) : this.#withInside(written, at + 1)
  }

  #withFollowing({ option, flag }: Written<O>, next: number): number {
    const isWord = this.#kinds[next] === 'A'
    if (option.takes === 'one' && !isWord) throw refusal(option, 'expected one argument')
    const takesWord = option.takes !== 'none' && isWord
    this.#add(option, flag, takesWord ? this.#argv[next]! : null)
    return takesWord ? next + 1 : next
  }

  #withInside({ option, flag, inside }: Written<O>, next: number): number {
    if (option.takes !== 'none') {
      this.#add(option, flag, inside)
      return next
    }
    // `-Dw4`: -D takes nothing, so the rest is the next option.
    const [short, rest] = [`-${inside![0] ?? ''}`, inside!.slice(1)]
    const following = this.#options.get(short)
    if (flag.startsWith('--') || following === undefined) {
      throw refusal(option, `ignored explicit argument ${JSON.stringify(inside)}`)
    }
    this.#add(option, flag, null)
    const written = { option: following, flag: short, inside: rest === '' ? null : rest.replace(/^=/, '') }
    return written.inside === null ? this.#withFollowing(written, next) : this.#withInside(written, next)
  }

  #add(option: O, flag: string, word: string | null): void {
    const value = word === null ? undefined : option.convert(word)
    if (word !== null && value === undefined) {
      throw refusal(option, `invalid ${option.typeName} value: ${JSON.stringify(word)}`)
    }
    this.#found.push({ option, flag, value })
  }

  /** Null: it is a word. */
  #optionOf(word: string): Written<O> | 'unknown' | null {
    if (!word.startsWith('-') || word === '-') return null
    const exact = this.#options.get(word)
    if (exact) return { option: exact, flag: word, inside: null }
    const at = word.indexOf('=')
    const named = at < 0 ? undefined : this.#options.get(word.slice(0, at))
    if (named) return { option: named, flag: word.slice(0, at), inside: word.slice(at + 1) }
    const meant = word.startsWith('--') ? this.#byPrefix(word, at) : this.#byLetter(word)
    if (meant !== null) return meant
    return /^-\d+$|^-\d*\.\d+$/.test(word) || word.includes(' ') ? null : 'unknown'
  }

  #byPrefix(word: string, at: number): Written<O> | null {
    const prefix = at < 0 ? word : word.slice(0, at)
    const all = [...this.#options.keys()].filter((flag) => flag.startsWith(prefix))
    if (all.length > 1) throw new Misread(`ambiguous option: ${word} could match ${all.join(', ')}`)
    const [flag] = all
    return flag === undefined
      ? null
      : { option: this.#options.get(flag)!, flag, inside: at < 0 ? null : word.slice(at + 1) }
  }

  #byLetter(word: string): Written<O> | null {
    const flag = word.slice(0, 2)
    const option = this.#options.get(flag)
    return option ? { option, flag, inside: word.slice(2) } : null
  }
}

function refusal(option: Option, why: string): Misread {
  return new Misread(`argument ${option.flags.join('/')}: ${why}`)
}
