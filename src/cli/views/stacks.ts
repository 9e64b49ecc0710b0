import type { WorkerStacks } from '../../control/operations.ts'
import type { RequestFacts, ThreadStack } from '../../events/worker.ts'
import { type Look, painted } from './grid.ts'
import { ageText, printable } from './words.ts'

const SILENT = 'it does not answer: a call into C may keep the interpreter to itself, or the process is stopped'

/** What `dram stacks` prints: the stacks as Python writes them, most recent call last. */
export function stacksView(workers: readonly WorkerStacks[], requests: readonly RequestFacts[], look: Look): string[] {
  if (workers.length === 0) return ['No worker serves.']
  return workers.flatMap((worker, at) => [...(at > 0 ? [''] : []), ...workerLines(worker, requests, look)])
}

function workerLines({ number, pid, threads }: WorkerStacks, requests: readonly RequestFacts[], look: Look): string[] {
  const head = painted(`Worker ${number} (pid ${pid})`, 'bold', look.colors)
  if (threads === null) return [`${head}: ${painted(SILENT, 'red', look.colors)}`]
  const shown = [...threads].sort((a, b) => Number(b.requestId !== null) - Number(a.requestId !== null))
  return [head, ...shown.flatMap((thread) => ['', ...threadLines(thread, requests)])]
}

function threadLines({ name, ident, requestId, stack }: ThreadStack, requests: readonly RequestFacts[]): string[] {
  const request = requests.find((one) => one.requestId === requestId)
  const runs = requestId === null ? '' : `, runs ${request ? requestText(request) : `request ${printable(requestId)}`}`
  const head = `Thread ${printable(name)} (0x${ident.toString(16)})${runs}`
  const text = printable(stack, '\n\t').trimEnd()
  if (text === '') return [requestId === null ? `${head}: idle` : `${head}: not in Python code of the application`]
  return [`${head}:`, ...text.split('\n')]
}

function requestText({ method, target, requestId, ageMs }: RequestFacts): string {
  return `${printable(method)} ${printable(target)} for ${ageText(ageMs)} (request ${printable(requestId)})`
}
