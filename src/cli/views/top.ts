import type { Status } from '../../control/operations.ts'
import { type Cell, type Column, clipLine, grid, type Look, painted } from './grid.ts'
import { busyMs, currentText, headLine, memoryText, type StatusWorker, stateCell, wantedText } from './status.ts'
import { ageText, bytesText, percentText, rateText } from './words.ts'

/** What one worker did between two looks at it. */
export interface Pace {
  /** Requests answered a second. */
  readonly rate: number
  /** Share of one thread's time in the application: 1 is one thread, always. */
  readonly busy: number
}

/** Of each worker by its number. Null where there was no earlier look, or that of another process. */
export function paces(before: Status | null, now: Status): ReadonlyMap<number, Pace> | null {
  const tookMs = before === null || before.pid !== now.pid ? 0 : now.uptimeMs - before.uptimeMs
  if (before === null || tookMs <= 0) return null
  const earlier = new Map(before.workers.map((worker) => [worker.number, worker]))
  return new Map(now.workers.map((worker) => [worker.number, paceOf(earlier.get(worker.number), worker, tookMs)]))
}

/** A worker that wasn't there before did all it has done since. */
function paceOf(before: StatusWorker | undefined, now: StatusWorker, tookMs: number): Pace {
  const requests = now.requests - (before?.requests ?? 0)
  const spentMs = busyMs(now) - (before === undefined ? 0 : busyMs(before))
  return { rate: (Math.max(0, requests) * 1000) / tookMs, busy: Math.max(0, spentMs) / tookMs }
}

const COLUMNS: readonly Column[] = [
  { title: 'WORKER', right: true },
  { title: 'PID', right: true },
  { title: 'STATE' },
  { title: 'REQ/S', right: true },
  { title: 'BUSY', right: true },
  { title: 'MEMORY', right: true },
  { title: 'AGE', right: true },
  { title: 'RUNS' },
]

/** What stands around the workers on a screen: the titles, a line for those that don't fit, the keys. */
const AROUND_LINES = 3

/** One screen of `dram top`: never more lines than `rows`, so that nothing scrolls. */
export function topScreen(before: Status | null, now: Status, look: Look, rows: number): string[] {
  const pace = paces(before, now)
  const head = [...summary(now, pace, look), '']
  const shown = chosen(now.workers, pace, Math.max(1, rows - head.length - AROUND_LINES))
  const hidden = now.workers.length - shown.length
  return [
    ...head,
    ...workersTable(shown, pace, look),
    hidden > 0 ? clipLine(`… and ${hidden} more, less busy`, look) : '',
    painted(clipLine('q: quit', look), 'dim', look.colors),
  ].slice(0, rows)
}

/** The same with all workers, to be read where there is no screen. */
export function topText(before: Status, now: Status, look: Look): string[] {
  const pace = paces(before, now)
  return [...summary(now, pace, look), '', ...workersTable(now.workers, pace, look)]
}

function workersTable(workers: readonly StatusWorker[], pace: ReadonlyMap<number, Pace> | null, look: Look): string[] {
  const rows = workers.map((worker) => workerRow(worker, pace))
  return grid(COLUMNS, rows, look)
}

function summary(now: Status, pace: ReadonlyMap<number, Pace> | null, look: Look): string[] {
  const all = pace === null ? null : [...pace.values()]
  const rate = all === null ? '-' : rateText(all.reduce((sum, one) => sum + one.rate, 0))
  const busy = all === null ? '-' : percentText(all.reduce((sum, one) => sum + one.busy, 0))
  const { queue, connections } = now
  const reload = now.lastReload === null ? '' : reloadWord(now.lastReload)
  return [
    headLine(now, look),
    clipLine(`workers: ${wantedText(now)}${generationsWord(now)}${reload}`, look),
    clipLine(
      `requests: ${rate} a second, busy ${busy}; queue ${queue.waiting} of ${queue.limit}; connections ${connections.open}`,
      look,
    ),
    clipLine(`memory: ${memoryText(now)}`, look),
  ]
}

function generationsWord({ generations }: Status): string {
  const current = generations.find(({ state }) => state === 'current')
  const others = generations.filter(({ state }) => state !== 'current')
  return [
    ...(current ? [`; generation ${current.number}`] : []),
    ...others.map(({ number, state }) => `; ${number} ${state}`),
  ].join('')
}

function reloadWord({ ok, agoMs }: NonNullable<Status['lastReload']>): string {
  return ok ? '' : `; the reload ${ageText(agoMs)} ago failed`
}

/** All; where there is no room for all, the busiest, by number still, so that lines don't jump. */
function chosen(
  workers: readonly StatusWorker[],
  pace: ReadonlyMap<number, Pace> | null,
  room: number,
): readonly StatusWorker[] {
  if (workers.length <= room) return workers
  const busy = ({ number }: StatusWorker) => pace?.get(number)?.busy ?? 0
  const busiest = [...workers].sort((a, b) => busy(b) - busy(a)).slice(0, room)
  return busiest.sort((a, b) => a.number - b.number)
}

function workerRow(worker: StatusWorker, pace: ReadonlyMap<number, Pace> | null): Cell[] {
  const own = pace?.get(worker.number)
  return [
    String(worker.number),
    String(worker.pid),
    stateCell(worker.state),
    own === undefined ? '-' : rateText(own.rate),
    own === undefined ? '-' : percentText(own.busy),
    bytesText(worker.rssBytes),
    ageText(worker.ageMs),
    currentText(worker.current, worker.running),
  ]
}
