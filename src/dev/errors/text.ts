import type { Told } from './told.ts'
import { trimmed } from './trace.ts'

/** For terminals: the traceback last, where one looks first. */
export function asText({ status, reason, code, says, hint, trace }: Told): string {
  const lines = [`${status} ${reason}`, '', code, says, ...(hint === '' ? [] : [hint])]
  return `${lines.join('\n')}\n${trace === '' ? '' : `\n${trimmed(trace.trimEnd())}\n`}`
}
