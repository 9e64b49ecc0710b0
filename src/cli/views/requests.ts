import type { RequestFacts } from '../../events/worker.ts'
import { type Cell, grid, type Look, type Style } from './grid.ts'
import { ageText, printable } from './words.ts'

const STYLES: Readonly<Record<RequestFacts['state'], Style>> = {
  waiting: 'yellow',
  running: 'green',
  answering: 'plain',
}

/** What `dram requests` prints: the oldest first. */
export function requestsView(requests: readonly RequestFacts[], look: Look): string[] {
  if (requests.length === 0) return ['No request runs or waits.']
  const columns = [
    { title: 'AGE', right: true },
    { title: 'STATE' },
    { title: 'WORKER', right: true },
    { title: 'ID' },
    { title: 'CLIENT' },
    { title: 'REQUEST' },
  ]
  return grid(columns, oldestFirst(requests).map(row), look)
}

/** The same with each request's header lines below it. */
export function requestsWithHeaders(requests: readonly RequestFacts[], look: Look): string[] {
  const [titles = '', ...lines] = requestsView(requests, look)
  const headers = oldestFirst(requests).map((request) =>
    request.headers.map(([name, value]) => `    ${printable(name)}: ${printable(value)}`),
  )
  return [titles, ...lines.flatMap((line, at) => [line, ...headers[at]!])]
}

function oldestFirst(requests: readonly RequestFacts[]): RequestFacts[] {
  return [...requests].sort((a, b) => b.ageMs - a.ageMs)
}

function row({ ageMs, state, worker, requestId, client, method, target }: RequestFacts): Cell[] {
  return [
    ageText(ageMs),
    { text: state, style: STYLES[state] ?? 'plain' },
    worker === null ? '-' : String(worker),
    printable(requestId),
    printable(client) || '-',
    `${printable(method)} ${printable(target)}`,
  ]
}
