import type { ErrorReport } from './report.ts'
import { FAULTS, type FaultCode, type FaultRow } from './table.ts'

/** A failure that has a row in the table. `values` fill the braces of its sentence. */
export class Fault extends Error {
  readonly code: FaultCode
  readonly hint: string
  /** Text for the log only, a traceback for instance. */
  readonly trace: string
  /** What development is told of the exception; null in production, and where there was none. */
  readonly report: ErrorReport | null

  constructor(
    code: FaultCode,
    values: Readonly<Record<string, string | number>> = {},
    trace = '',
    hint = '',
    report: ErrorReport | null = null,
  ) {
    super(sentence(code, values))
    this.name = 'Fault'
    this.code = code
    this.hint = hint || FAULTS[code].hint
    this.trace = trace
    this.report = report
  }

  get row(): FaultRow {
    return FAULTS[this.code]
  }
}

/** The row's sentence with its braces filled; a value that was not given stays as its name. */
export function sentence(code: FaultCode, values: Readonly<Record<string, string | number>>): string {
  return FAULTS[code].says.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? name))
}

export function isFaultCode(text: string): text is FaultCode {
  return Object.hasOwn(FAULTS, text)
}
