/** From least to most, as the wire counts them (`logLevels` of wire/frames.json). */
export const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const
export type Level = (typeof LEVELS)[number]

/** Facts of a line beside its message, `pid` and `requestId` for instance. What is undefined is left out. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>
