import type { Status } from '../../control/operations.ts'
import type { RequestFacts } from '../../events/worker.ts'
import type { WorkerState } from '../../supervisor/status.ts'
import { type Cell, type Column, clipLine, grid, type Look, type Style, styledLine } from './grid.ts'
import { ageText, bytesText, percentText, printable } from './words.ts'

export type StatusWorker = Status['workers'][number]

/** What `dram status` prints. */
export function statusView(status: Status, look: Look): string[] {
  return [
    headLine(status, look),
    ...facts(status).map(([name, text]) => clipLine(`  ${name.padEnd(NAME_WIDTH)}${text}`, look)),
    ...(status.generations.length > 1 ? ['', ...generationsTable(status, look)] : []),
    ...(status.workers.length > 0 ? ['', ...workersTable(status, look)] : []),
  ]
}

const NAME_WIDTH = 13

/** `shop: serving and ready, pid 71, up 3h 12m, dram 0.1.0` */
export function headLine(status: Status, look: Look): string {
  const { name, state, ready, pid, uptimeMs, version } = status
  const [word, style] = stateWord(state, ready)
  const rest = `, pid ${pid}, up ${ageText(uptimeMs)}, dram ${printable(version)}`
  return styledLine([{ text: printable(name), style: 'bold' }, ': ', { text: word, style }, rest], look)
}

function stateWord(state: Status['state'], ready: boolean): [string, Style] {
  if (state !== 'serving') return [state, 'yellow']
  return ready ? ['serving and ready', 'green'] : ['not ready', 'red']
}

function facts(status: Status): [name: string, text: string][] {
  const { queue, connections, lastReload } = status
  return [
    ['application', printable(status.application) || 'not loaded yet'],
    ['python', printable(status.python) || 'not known yet'],
    ['addresses', status.addresses.map((address) => printable(address)).join(' ') || 'none yet'],
    ['folder', printable(status.folder)],
    ...(status.fronts > 1 ? [['fronts', String(status.fronts)] satisfies [string, string]] : []),
    ['workers', wantedText(status)],
    ['queue', `${queue.waiting} of ${queue.limit}`],
    ['connections', `${connections.open} of ${connections.limit}`],
    ['memory', memoryText(status)],
    ...(lastReload === null ? [] : [['last reload', reloadText(lastReload)] satisfies [string, string]]),
  ]
}

/** `4 wanted (--workers 2..8), 3 serve` */
export function wantedText({ workersWanted: { least, most, now }, workers }: Status): string {
  const serving = workers.filter(({ state }) => state === 'serving').length
  const range = least === most ? (now === most ? '' : ` (--workers ${most})`) : ` (--workers ${least}..${most})`
  return `${now} wanted${range}, ${serving} ${serving === 1 ? 'serves' : 'serve'}`
}

/** Resident set sizes: what is shared between workers counts in each of them. */
export function memoryText({ frontRssBytes, bodyMemoryBytes, workers }: Status): string {
  const known = workers.flatMap(({ rssBytes }) => rssBytes ?? [])
  const together = known.reduce((sum, bytes) => sum + bytes, 0)
  return `front ${bytesText(frontRssBytes)}, workers ${bytesText(together)}, bodies ${bytesText(bodyMemoryBytes)}`
}

function reloadText({ ok, text, agoMs }: NonNullable<Status['lastReload']>): string {
  return `${ageText(agoMs)} ago${ok ? '' : ' failed'}: ${printable(text)}`
}

function generationsTable({ generations }: Status, look: Look): string[] {
  const columns = [
    { title: 'GENERATION' },
    { title: 'STATE' },
    { title: 'PRELOADED' },
    { title: 'ZYGOTE', right: true },
    { title: 'AGE', right: true },
  ]
  const rows = generations.map(({ number, state, preloaded, zygotePid, ageMs }): Cell[] => [
    String(number),
    { text: state, style: state === 'current' ? 'green' : 'yellow' },
    preloaded ? 'yes' : 'no',
    String(zygotePid),
    ageText(ageMs),
  ])
  return grid(columns, rows, look)
}

function workersTable({ workers, generations }: Status, look: Look): string[] {
  const several = generations.length > 1
  const columns: Column[] = [
    { title: 'WORKER', right: true },
    { title: 'PID', right: true },
    ...(several ? [{ title: 'GEN', right: true }] : []),
    { title: 'STATE' },
    { title: 'REQUESTS', right: true },
    { title: 'BUSY', right: true },
    { title: 'MEMORY', right: true },
    { title: 'AGE', right: true },
    { title: 'RUNS' },
  ]
  const rows = workers.map((worker): Cell[] => [
    String(worker.number),
    String(worker.pid),
    ...(several ? [String(worker.generation)] : []),
    stateCell(worker.state),
    String(worker.requests),
    percentText(worker.ageMs > 0 ? busyMs(worker) / worker.ageMs : 0),
    bytesText(worker.rssBytes),
    ageText(worker.ageMs),
    currentText(worker.current, worker.running),
  ])
  return grid(columns, rows, look)
}

const STATE_STYLES: Readonly<Record<WorkerState, Style>> = {
  booting: 'yellow',
  serving: 'green',
  draining: 'yellow',
  broken: 'red',
  killed: 'red',
}

export function stateCell(state: WorkerState): Cell {
  return { text: state, style: STATE_STYLES[state] ?? 'plain' }
}

/** Time in the application up to now: a worker counts a request at its end, so what it runs is added. */
export function busyMs({ busyMs, current }: StatusWorker): number {
  return busyMs + (current === null || current.state === 'waiting' ? 0 : current.ageMs)
}

/** `1.2 s GET /slow`, and how many more run beside it. */
export function currentText(current: RequestFacts | null, running: number): string {
  if (current === null) return ''
  const more = running > 1 ? ` (+${running - 1})` : ''
  return `${ageText(current.ageMs)}${more} ${printable(current.method)} ${printable(current.target)}`
}
