import { ENDS, type End } from '../events/ends.ts'
import type { RequestFacts } from '../events/worker.ts'
import type { Fault } from '../faults/fault.ts'
import { durationText } from '../kit/units.ts'
import type { Fields, Level } from '../observe/level.ts'
import { stacksText } from '../observe/stacks.ts'
import type { SupervisorEvent } from '../supervisor/events.ts'

/** A line of the log: what `Log.line` takes. `fields.event` names its kind, for whoever reads logs by machine. */
export interface Line {
  readonly level: Level
  readonly message: string
  readonly fields: Fields
  readonly trace: string
}

export interface Limits {
  readonly timeoutMs: number
  readonly streamTimeoutMs: number
}

/**
 * What the supervisor tells, as lines: one each, but for overdue requests, which have one each of their own.
 * @param isShown somebody else shows what becomes of a load: of one that failed the line says why, and no more
 */
export function linesOf(event: SupervisorEvent, limits: Limits, isShown = false): Line[] {
  switch (event.kind) {
    case 'workerReady': {
      const { worker, pid, generation, bootMs } = event
      const fields = { worker, pid, generation, bootMs: Math.round(bootMs) }
      return [line('debug', 'worker_ready', `${named(event)} is ready`, fields)]
    }
    case 'workerEnded':
      return [endLine(event, isShown)]
    case 'loadFailed':
      return [loadFailedLine(event)]
    case 'preloaded': {
      const { generation } = event
      return [line('info', 'preloaded', 'the application is preloaded: workers are forked from it', { generation })]
    }
    case 'notPreloaded': {
      const { generation, findings } = event
      const message = `the application is not preloaded, each worker loads it for itself: ${findings.join('; ')}`
      return [line('info', 'not_preloaded', message, { generation })]
    }
    case 'reloadBegun': {
      const { generation } = event
      return [line('info', 'reload_begun', `reloading: generation ${generation} starts`, { generation })]
    }
    case 'reloaded': {
      const { generation, tookMs } = event
      const message = `reloaded: generation ${generation} serves, after ${Math.round(tookMs)} ms`
      return [line('info', 'reloaded', message, { generation, tookMs: Math.round(tookMs) })]
    }
    case 'reloadFailed':
      return [reloadFailedLine(event, isShown)]
    case 'scaled': {
      const { from, to, why } = event
      return [line('info', 'scaled', `from ${from} to ${to} workers: ${why}`, { from, to })]
    }
    case 'overdue':
      return event.requests.map((request) => overdueLine(event, request, limits))
    case 'overMemory':
      return [overMemoryLine(event)]
  }
}

type Told<K extends SupervisorEvent['kind']> = Extract<SupervisorEvent, { kind: K }>

function line(level: Level, event: string, message: string, fields: Fields, trace = ''): Line {
  return { level, message, fields: { event, ...fields }, trace }
}

function named({ worker, pid }: { readonly worker: number; readonly pid: number }): string {
  return `worker ${worker} (pid ${pid})`
}

/** Ends that came over it; all others are our doing. */
const DEATHS: ReadonlySet<End> = new Set(['crashed', 'exited', 'lost', 'boot_failed'])

/** One that nobody wanted is an error; those that were forked to be audited alone are nobody's business. */
function endLine(event: Told<'workerEnded'>, isShown: boolean): Line {
  const { worker, pid, generation, end, detail, requests, livedMs } = event
  const { planned, says } = ENDS[end]
  const isQuiet = end === 'audited' || (isShown && end === 'boot_failed')
  const level = isQuiet ? 'debug' : planned ? 'info' : 'error'
  const message = `${named(event)} ${DEATHS.has(end) ? 'died' : 'ended'}: ${says}${planned ? '' : ` (${detail})`}`
  const fields = { worker, pid, generation, reason: end, detail, requests, livedMs: Math.round(livedMs) }
  return line(level, 'worker_ended', message, fields)
}

function loadFailedLine({ worker, pid, fault }: Told<'loadFailed'>): Line {
  const who = worker === null || pid === null ? 'a worker' : named({ worker, pid })
  const fields = { worker: worker ?? undefined, pid: pid ?? undefined, ...coded(fault) }
  return line('error', 'load_failed', `${who} failed to load: ${fault.message}`, fields, fault.trace)
}

function reloadFailedLine({ generation, fault }: Told<'reloadFailed'>, isShown: boolean): Line {
  const cancelled = fault.code === 'RELOAD_CANCELLED'
  const message = cancelled || isShown ? fault.message : `the reload failed, the old workers go on: ${fault.message}`
  const fields = { generation, ...coded(fault) }
  return line(cancelled ? 'warning' : 'error', 'reload_failed', message, fields, fault.trace)
}

function coded({ code, hint }: Fault): { code: string; hint: string } {
  return { code, hint }
}

function overdueLine(
  { worker, pid, stacks, dump, goesOn }: Told<'overdue'>,
  request: RequestFacts,
  limits: Limits,
): Line {
  const { requestId, method, target, client, ageMs } = request
  const path = target.split('?', 1)[0]! // queries hold secrets, and rarely the reason
  const began = request.state === 'answering'
  const what = began
    ? `nothing more of its answer for ${durationText(limits.streamTimeoutMs)}`
    : `no answer within ${durationText(limits.timeoutMs)}`
  const fields = {
    code: began ? 'STREAM_TIMEOUT' : 'REQUEST_TIMEOUT',
    requestId,
    method,
    path,
    client: client || undefined,
    ageMs: Math.round(ageMs),
    worker,
    pid,
    silent: stacks === null ? true : undefined,
    goesOn,
  }
  const message = `${method} ${path}: ${what}${goesOn ? '; it goes on' : ''} (worker ${worker}, pid ${pid})`
  return line(goesOn ? 'warning' : 'error', 'request_overdue', message, fields, stacksText(stacks, dump, requestId))
}

function overMemoryLine(event: Told<'overMemory'>): Line {
  const { worker, pid, rssBytes, limitBytes, stacks, dump } = event
  const message = `${named(event)} is killed: it uses ${mebibytes(rssBytes)} of memory, --memory-limit is ${mebibytes(limitBytes)}`
  const fields = { worker, pid, rssBytes, limitBytes, silent: stacks === null ? true : undefined }
  return line('error', 'worker_over_memory', message, fields, stacksText(stacks, dump, null))
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`
}
