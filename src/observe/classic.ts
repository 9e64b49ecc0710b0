import { escaped } from './escape.ts'
import type { Fields, Level } from './level.ts'
import { bySecond, two, zone } from './localTime.ts'

/**
 * The lines of pre-forking servers, `[2026-11-30 06:47:05 +0000] [pid] [INFO] text`, which log readers know by heart:
 * local time, the pid of the process that speaks, and in the text what they look for.
 */
export function classicLine(wallMs: number, pid: number, level: Level, text: string): string {
  return `[${classicTime(wallMs)}] [${pid}] [${level.toUpperCase()}] ${text}\n`
}

interface Words {
  /** Where it is another than ours. */
  readonly level?: Level
  readonly says: (fields: Fields) => string
}

/** What log readers look for, by the event's name; our own message follows. */
const WORDS: Readonly<Record<string, Words>> = {
  worker_ready: { level: 'info', says: ({ pid }) => `Booting worker with pid: ${pid}` },
  worker_ended: { says: ({ pid }) => `Worker exiting (pid: ${pid})` },
  request_overdue: { level: 'critical', says: ({ pid }) => `WORKER TIMEOUT (pid:${pid})` },
  signal: { level: 'info', says: ({ signal }) => `Handling signal: ${String(signal).slice(3).toLowerCase()}` },
  request_failed: { says: () => 'Error handling request' },
  request_refused: { level: 'warning', says: ({ client }) => `Invalid request from ip=${client ?? ''}` },
  stopped: { says: () => `Shutting down: Master` },
}

export function classicLevel(level: Level, { event }: Fields): Level {
  return wordsOf(event)?.level ?? level
}

/** Without the fields, which no reader of such lines expects; only what helps to mend a failure, and the request's id. */
export function classicText(message: string, fields: Fields, pid: number): string {
  const { event, code, hint, requestId } = fields
  const words = wordsOf(event)
  let text = event === 'listening' ? `Listening at: ${classicAddress(String(fields.address))} (${pid})` : message
  if (words) text = `${words.says(fields)}: ${message}`
  if (code !== undefined) text += ` (${code}${hint === undefined ? '' : `: ${hint}`})`
  if (requestId !== undefined) text += ` [${requestId}]`
  return escaped(text)
}

/** `http://unix:PATH:` is what proxy_pass takes; readers of these lines know `unix:PATH`. */
function classicAddress(address: string): string {
  return address.replace(/^http:\/\/(unix:.*):$/, '$1')
}

function wordsOf(event: Fields[string]): Words | undefined {
  return typeof event === 'string' && Object.hasOwn(WORDS, event) ? WORDS[event] : undefined
}

const classicTime = bySecond((at) => {
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone(-at.getTimezoneOffset())}`
})
