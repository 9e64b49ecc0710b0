import type { ThreadStack } from '../events/worker.ts'

const SILENT = "The worker's own thread was silent for half a second: a call into C keeps the GIL."

/**
 * The Python stacks of a worker as text, in Python's own format. The thread that runs `requestId` comes first and is
 * marked. Where the worker was silent (`stacks` null), what faulthandler wrote stands in for them.
 */
export function stacksText(stacks: readonly ThreadStack[] | null, dump: string, requestId: string | null): string {
  if (stacks === null) return silentText(dump)
  const isItsOwn = (thread: ThreadStack): boolean => requestId !== null && thread.requestId === requestId
  const own = stacks.filter(isItsOwn)
  const missing = requestId !== null && own.length === 0 ? ['No thread runs this request any more.'] : []
  return [
    ...missing,
    ...own.map((thread) => threadText(thread, ', which runs this request')),
    ...stacks.filter((thread) => !isItsOwn(thread)).map((thread) => threadText(thread, others(thread))),
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
