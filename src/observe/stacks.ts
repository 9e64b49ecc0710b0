import type { ThreadStack } from '../events/worker.ts'

const SILENT = "The worker's own thread was silent for half a second: a call into C keeps the GIL."

/** Of a worker's other threads and greenlets, which may be thousands, so many are shown beside the request's own. */
const MOST_OTHERS = 20

/**
 * The Python stacks of a worker as text, in Python's own format. The thread that runs `requestId` comes first and is
 * marked. Where the worker was silent (`stacks` null), what faulthandler wrote stands in for them.
 */
export function stacksText(stacks: readonly ThreadStack[] | null, dump: string, requestId: string | null): string {
  if (stacks === null) return silentText(dump)
  const isItsOwn = (thread: ThreadStack): boolean => requestId !== null && thread.requestId === requestId
  const own = stacks.filter(isItsOwn)
  const missing = requestId !== null && own.length === 0 ? ['No thread runs this request any more.'] : []
  const other = stacks.filter((thread) => !isItsOwn(thread))
  const left = other.length - MOST_OTHERS
  return [
    ...missing,
    ...own.map((thread) => threadText(thread, ', which runs this request')),
    ...other.slice(0, MOST_OTHERS).map((thread) => threadText(thread, others(thread))),
    ...(left > 0 ? [`${left} more are left out: dram stacks shows those of now.`] : []),
  ].join('\n')
}

function others({ requestId }: ThreadStack): string {
  return requestId === null ? '' : `, which runs request ${requestId}`
}

function threadText({ name, ident, stack }: ThreadStack, what: string): string {
  return `Thread ${ident} (${name})${what}, most recent call last:\n${stack.trimEnd()}`
}

function silentText(dump: string): string {
  return dump.trim() === ''
    ? `${SILENT} Or the worker ended meanwhile: it wrote no stacks.`
    : `${SILENT} What faulthandler saw from a signal:\n${dump.trimEnd()}`
}
