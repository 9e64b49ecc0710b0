/** A line that the application has printed. */
export interface Print {
  /** Milliseconds since 1970, when the server read it. */
  readonly atWallMs: number
  readonly text: string
  /** Left out: it can't be told which request it belongs to. */
  readonly requestId?: string
}

interface LogLine {
  readonly time: string
  readonly message: string
  readonly source?: string
  readonly requestId?: string
}

/** The lines of the application in a log of JSON. */
export function printsOf(lines: readonly string[]): Print[] {
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine)
    .filter(({ source }) => source === 'application')
    .map(({ time, message, requestId }) => ({
      atWallMs: Date.parse(time),
      text: message,
      ...(requestId === undefined ? {} : { requestId }),
    }))
}
