import type { Arguments } from '../../settings/arguments.ts'
import { usage } from '../options.ts'

/** Flags of `dram explain` that take a value, as curl has them; and two of its own. */
export const VALUED = {
  '-X': '--request',
  '--request': '--request',
  '-H': '--header',
  '--header': '--header',
  '-d': '--data',
  '--data': '--data',
  '--data-binary': '--data-binary',
  '--raw': '--raw',
  '--split': '--split',
} as const

/** What is to be sent. */
export type Asked =
  | { readonly kind: 'raw'; readonly path: string; readonly app: string | null; readonly splits: readonly number[] }
  | {
      readonly kind: 'request'
      readonly app: string | null
      /** Null: GET, or POST where there is a body. */
      readonly method: string | null
      /** A path, or a whole URL. */
      readonly target: string
      /** `Name: value` each. */
      readonly headers: readonly string[]
      readonly data: readonly Data[]
      readonly splits: readonly number[]
    }

export interface Data {
  /** The bytes themselves; or a file they are in, `-` for standard input. */
  readonly text: string
  readonly isFile: boolean
  /** As it is; else line ends of a file are left out, as curl does it. */
  readonly isBinary: boolean
}

/** Taken for methods where they stand before the path and no application does; others need -X. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
])

/** @throws Fault USAGE */
export function readAsked({ values, words }: Pick<Arguments, 'values' | 'words'>): Asked {
  const all = (flag: string): string[] => values.filter((one) => one.flag === flag).map(({ value }) => value)
  const splits = all('--split').flatMap(readSplits)
  const raw = all('--raw').at(-1)
  const headers = all('--header')
  const data = values.filter(({ flag }) => flag.startsWith('--data')).map(readData)
  const named = all('--request').at(-1) ?? null
  if (raw !== undefined) {
    if (headers.length + data.length > 0 || named !== null || words.length > 1)
      throw usage('--raw holds the whole request', 'leave method, path, -H and -d out')
    return { kind: 'raw', path: raw, app: words[0] ?? null, splits }
  }
  const { app, method, target } = readWords(words)
  if (method !== null && named !== null) throw usage(`there are two methods: ${method} and ${named}`)
  return { kind: 'request', app, method: method ?? named, target, headers, data, splits }
}

/** [APP] [METHOD] TARGET */
function readWords(words: readonly string[]): { app: string | null; method: string | null; target: string } {
  const [target, before, first, ...more] = [...words].reverse()
  if (target === undefined || !isTarget(target))
    throw usage('the path of the request is missing', 'write it last: dram explain APP /path')
  if (more.length > 0) throw usage(`${JSON.stringify(words[0])} is too much: dram explain APP METHOD /path`)
  if (first !== undefined) return { app: first, method: before!, target }
  if (before === undefined) return { app: null, method: null, target }
  return METHODS.has(before) ? { app: null, method: before, target } : { app: before, method: null, target }
}

function isTarget(word: string): boolean {
  return /^(?:\/|\*$|https?:\/\/)/i.test(word)
}

function readData({ flag, value }: { flag: string; value: string }): Data {
  const isFile = value.startsWith('@')
  return { text: isFile ? value.slice(1) : value, isFile, isBinary: flag === '--data-binary' }
}

function readSplits(word: string): number[] {
  const splits = word.split(',').map(Number)
  if (splits.some((at) => !Number.isSafeInteger(at) || at < 1))
    throw usage(`--split must be byte positions such as 5,40, not ${JSON.stringify(word)}`)
  return splits
}
