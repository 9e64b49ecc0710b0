import type { Reader } from './readers.ts'

/** One setting. The row is its flag, variable, file key, type, default, help and docs. */
export interface Row<T> {
  readonly section: Section
  /** `--max-body`; the variable (`DRAM_MAX_BODY`) and the file key (`max-body`) follow from it. '' for APP, which has none. */
  readonly flag: string
  readonly short?: string
  readonly reader: Reader<T>
  /** As it would be written; null: not set. */
  readonly default: string | readonly string[] | null
  /** What `--no-FLAG`, `false` in a file and `off` in a variable mean. */
  readonly off?: T
  /** Where it can't be given. */
  readonly except?: 'file' | 'variable'
  readonly help: string
  readonly why: string
  /** What has to happen before a change of it counts. */
  readonly applies: 'reload' | 'restart'
}

type Spec<T> = Omit<Row<T>, 'default'>

export function row<T>(spec: Spec<T> & { readonly default: string | readonly string[] }): Row<T> {
  return spec
}

/** A setting that may be left unset: null then. */
export function unset<T>(spec: Spec<T | null>): Row<T | null> {
  return { ...spec, default: null }
}

export const SECTIONS = {
  application: 'Application',
  listening: 'Listening',
  tls: 'TLS',
  workers: 'Workers',
  clients: 'Clients',
  limits: 'Limits of a request',
  headers: 'Headers',
  bodies: 'Bodies',
  proxies: 'Proxies',
  logs: 'Logs',
  operation: 'Operation',
  development: 'Development',
} as const

export type Section = keyof typeof SECTIONS
