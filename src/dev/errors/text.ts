import type { Told } from './told.ts'
import { trimmed } from './trace.ts'

/** What drives a terminal (ECMA-48): what an exception says may come from anywhere. Lines and tabs stay. */
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g

/** For terminals: the traceback last, where one looks first. */
export function asText({ status, reason, code, says, hint, trace }: Told): string {
  const lines = [`${status} ${reason}`, '', code, says, ...(hint === '' ? [] : [hint])]
  const text = `${lines.join('\n')}\n${trace === '' ? '' : `\n${trimmed(trace.trimEnd())}\n`}`
  return text.replaceAll('\r\n', '\n').replace(CONTROLS, '?')
}
