import { originText, unknown } from '../../settings/given.ts'
import { ADJUSTMENT } from '../dialects/waitress/adjustments.ts'
import { translateAdjustments } from '../dialects/waitress/waitress.ts'
import type { ReadServer } from './server.ts'

/** `use = egg:waitress#main`: Waitress's adjustments by their names. */
export const waitressServer: ReadServer = (section, originOf) => {
  const words = new Map([...section].map(([name, { value }]) => [name, value]))
  for (const name of words.keys()) {
    if (!ADJUSTMENT.has(name)) throw unknown(name, ` (${originText(originOf(name))})`, ADJUSTMENT.keys())
  }
  return translateAdjustments(words, originOf)
}
