import { Fault } from '../faults/fault.ts'
import type { Operations } from './operations.ts'

/** One request to the control socket. */
export interface ApiRequest {
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly query: URLSearchParams
  /** '' where there is none. */
  readonly body: string
}

export interface ApiAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** For the Allow header of a 405. */
  readonly allow?: string
}

/** A failure as it travels: `message`, `hint` and `trace` are for people, `code` is of docs/faults.md. */
export interface FaultBody {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly trace: string
}

/** Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const JSON_TYPE = 'application/json'

/** More workers than this are a slip of the finger. */
const MOST_WORKERS = 1024

type Handler = (operations: Operations, request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>

/** The whole API: path, method, answer. docs/control.md describes it. */
export const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/v1/status': { GET: async (operations) => json(await operations.status()) },
  '/v1/requests': { GET: async (operations) => json({ requests: await operations.requests() }) },
  '/v1/stacks': {
    GET: async (operations, { query }) => json({ workers: await operations.stacks(workerOf(query)) }),
  },
  '/v1/metrics': {
    GET: async (operations) => ({ status: 200, type: METRICS_TYPE, body: await operations.metrics() }),
  },
  '/v1/reload': { POST: async (operations) => json(await operations.reload()) },
  '/v1/scale': {
    POST: (operations, request) => {
      const { workers } = membersOf(request, 'workers')
      if (!isCount(workers)) throw wrong(`workers must be a whole number from 0 to ${MOST_WORKERS}`)
      operations.scale(workers)
      return json({ workers })
    },
  },
  '/v1/stop': {
    POST: (operations, request) => {
      const { fast = false } = membersOf(request, 'fast')
      if (typeof fast !== 'boolean') throw wrong('fast must be true or false')
      return json(operations.stop(fast))
    },
  },
  '/v1/upgrade': { POST: async (operations) => json(await operations.upgrade()) },
  '/v1/logs/reopen': {
    POST: (operations) => {
      operations.reopenLogs()
      return json({})
    },
  },
}

/** What a request to the control socket is answered. Never rejects: a failure is an answer too. */
export async function answerApi(operations: Operations, request: ApiRequest): Promise<ApiAnswer> {
  try {
    const methods = Object.hasOwn(ROUTES, request.path) ? ROUTES[request.path]! : null
    if (methods === null) throw new Fault('CONTROL_UNKNOWN', { detail: JSON.stringify(request.path) })
    const handler = Object.hasOwn(methods, request.method) ? methods[request.method]! : null
    if (handler === null) return methodNotAllowed(request, Object.keys(methods).join(', '))
    return await handler(operations, request)
  } catch (error) {
    return faultAnswer(error)
  }
}

/** A failure as an answer: the status of its fault's row, 500 where that has none. */
export function faultAnswer(error: unknown): ApiAnswer {
  const fault = error instanceof Fault ? error : internal(error)
  const { code, message, hint, trace } = fault
  return json({ code, message, hint, trace } satisfies FaultBody, fault.row.status ?? 500)
}

function methodNotAllowed({ method, path }: ApiRequest, allow: string): ApiAnswer {
  return { ...faultAnswer(new Fault('CONTROL_METHOD', { detail: `${path} takes ${allow}, not ${method}` })), allow }
}

function json(value: unknown, status = 200): ApiAnswer {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(value)}\n` }
}

function workerOf(query: URLSearchParams): number | null {
  const word = query.get('worker')
  if (word === null) return null
  if (!/^\d{1,9}$/.test(word)) throw wrong('worker must be the number of one')
  return Number(word)
}

/** The members of the body's object; any other than `name` is refused, so that a slip isn't taken for a default. */
function membersOf({ body }: ApiRequest, name: string): Readonly<Record<string, unknown>> {
  const value = body.trim() === '' ? {} : parsed(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('the body must be a JSON object')
  const other = Object.keys(value).find((key) => key !== name)
  if (other !== undefined) throw wrong(`the body has a member ${JSON.stringify(other)}, which is not known here`)
  return value as Record<string, unknown>
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw wrong('the body is not JSON')
  }
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_WORKERS
}

function wrong(detail: string): Fault {
  return new Fault('CONTROL_REQUEST', { detail })
}

function internal(error: unknown): Fault {
  const isError = error instanceof Error
  return new Fault('INTERNAL', { detail: isError ? error.message : String(error) }, isError ? error.stack : '')
}
