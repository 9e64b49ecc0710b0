import type { Told } from './told.ts'

/** For programs. Names stay. */
export function asJson({ status, code, says, hint, trace, report, request }: Told): string {
  return JSON.stringify({ status, code, says, hint, exceptions: report?.exceptions ?? [], trace, request })
}
