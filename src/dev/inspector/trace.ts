import { trimmed } from '../errors/trace.ts'
import type { CallRecord } from './journey.ts'

/** What a worker tells of a call, in TRACE frames (wire/README.md, python/dram/witness.py). `at`: seconds of CLOCK_MONOTONIC. */
type Note =
  | { readonly what: 'called'; readonly at: number; readonly thread: string; readonly environ: readonly Pair[] }
  | {
      readonly what: 'started'
      readonly at: number
      readonly status: string
      readonly headers: readonly Pair[]
      readonly excInfo: boolean
    }
  | { readonly what: 'returned'; readonly at: number; readonly type: string }
  | {
      readonly what: 'chunk'
      readonly at: number
      readonly size: number
      readonly start: string
      readonly by: 'iterable' | 'write'
    }
  | { readonly what: 'printed'; readonly at: number; readonly text: string }
  | { readonly what: 'dropped'; readonly at: number; readonly count: number }
  | { readonly what: 'closed'; readonly at: number }
  | { readonly what: 'raised'; readonly at: number; readonly text: string }

type Pair = readonly [name: string, value: string]

/** A call as far as its worker has told of it. Times are the recorder's, ms. */
export class Call {
  began = 0
  thread = ''
  /** Keys, and repr() of their values. */
  environ: readonly Pair[] = []
  readonly starts: { at: number; status: string; headers: readonly Pair[]; hasExcInfo: boolean }[] = []
  returnedAt: number | null = null
  returned = ''
  readonly chunks: { at: number; size: number; start: string; by: 'iterable' | 'write' }[] = []
  droppedChunks = 0
  readonly printed: { at: number; text: string }[] = []
  closedAt: number | null = null
  raised = ''
  /** Characters it was told in. */
  told = 0

  tell(text: string): void {
    this.told += text.length
    for (const note of JSON.parse(text) as readonly Note[]) this.#note(note, note.at * 1000)
  }

  #note(note: Note, at: number): void {
    switch (note.what) {
      case 'called':
        this.began = at
        this.thread = note.thread
        this.environ = note.environ
        break
      case 'started':
        this.starts.push({ at, status: note.status, headers: note.headers, hasExcInfo: note.excInfo })
        break
      case 'returned':
        this.returnedAt = at
        this.returned = note.type
        break
      case 'chunk':
        this.chunks.push({ at, size: note.size, start: note.start, by: note.by })
        break
      case 'printed':
        this.printed.push({ at, text: note.text })
        break
      case 'dropped':
        this.droppedChunks = note.count
        break
      case 'closed':
        this.closedAt = at
        break
      case 'raised':
        this.raised = trimmed(note.text)
    }
  }

  /** `from`: the time that counts as 0. */
  recorded(from: number, application: string): CallRecord {
    const after = (at: number | null): number | null => (at === null ? null : at - from)
    return {
      application,
      beganAtMs: this.began - from,
      startResponses: this.starts.map(({ at, ...rest }) => ({ atMs: at - from, ...rest })),
      returnedAtMs: after(this.returnedAt),
      returned: this.returned,
      chunks: this.chunks.map(({ at, ...rest }) => ({ atMs: at - from, ...rest })),
      droppedChunks: this.droppedChunks,
      printed: this.printed.map(({ at, text }) => ({ atMs: at - from, text })),
      closedAtMs: after(this.closedAt),
      raised: this.raised,
    }
  }
}
