/** What the Python side tells of an exception to who develops (python/dram/report.py makes it, and bounds all of it). */
export interface ErrorReport {
  /** The one that was raised, then what it came from, each from the next. Never empty. */
  readonly exceptions: readonly ReportedException[]
}

export interface ReportedException {
  /** `ValueError`, `shop.errors.SoldOut`; '': a rule of WSGI was broken, and the message says which. */
  readonly type: string
  readonly message: string
  /** PEP 678 */
  readonly notes: readonly string[]
  /** How the one before it came from it: `raise … from` it, or while it was handled. */
  readonly relation: 'raised' | 'cause' | 'context'
  /** Oldest call first. */
  readonly frames: readonly ReportedFrame[]
  /** Before which of `frames` how many more were; null: all are here. */
  readonly omitted: readonly [index: number, count: number] | null
  readonly syntax: SyntaxPlace | null
  /** Of an exception group. */
  readonly members: readonly ErrorReport[]
  readonly omittedMembers: number
}

export interface ReportedFrame {
  readonly file: string
  /** From 1; 0: Python doesn't know. */
  readonly line: number
  readonly function: string
  /** Neither installed nor Python's nor ours. */
  readonly own: boolean
  /** Which part of the line ran: characters from 0; null: it isn't known (Python < 3.11). */
  readonly start: number | null
  readonly end: number | null
  /** Lines around, from number `first` on. */
  readonly source: { readonly first: number; readonly lines: readonly string[] } | null
  /** Names and shortened values, with secrets masked by their names; null: they were not asked for. */
  readonly locals: readonly (readonly [name: string, value: string])[] | null
}

/** Where source can't be read as Python. */
export interface SyntaxPlace {
  readonly file: string
  readonly line: number
  /** Characters from 0. */
  readonly start: number | null
  readonly end: number | null
  /** Lines around it, from number `first` on, the line itself at least. */
  readonly source: { readonly first: number; readonly lines: readonly string[] }
  readonly own: boolean
}
