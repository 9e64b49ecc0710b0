import type { AnswerHead } from '../events/answer.ts'
import type { RequestHead } from '../events/request.ts'
import type { RequestFacts } from '../events/worker.ts'
import type { Peer, Target } from '../route/route.ts'
import type { PlacedJob } from './pool.ts'

/** What can be told of a connection. */
export interface ConnectionFacts {
  readonly peer: Peer
}

/** What can be told of a request and its answer. */
export interface ExchangeFacts {
  readonly connection: ConnectionFacts
  /** Null: the head could not be read. */
  readonly head: RequestHead | null
  /** Null: it was refused before it was known. */
  readonly target: Target | null
  readonly requestId: string
  /** Milliseconds on the clock; 0 where neither an access log is kept nor requests are counted. */
  readonly startedMs: number
  /** The worker that has it or had it; null: none has. */
  readonly place: PlacedJob | null
  /** 0 before the answer. */
  readonly status: number
  readonly answerHead: AnswerHead | null
  /** Bytes of the answer's body that were written, without framing. */
  readonly bodyBytes: number
}

/** The oldest request that each worker runs, by the worker's number. */
export function oldestOfWorkers(requests: readonly RequestFacts[]): ReadonlyMap<number, RequestFacts> {
  const oldest = new Map<number, RequestFacts>()
  for (const request of requests) {
    if (request.worker === null || request.state === 'waiting') continue
    const known = oldest.get(request.worker)
    if (known === undefined || known.ageMs < request.ageMs) oldest.set(request.worker, request)
  }
  return oldest
}
