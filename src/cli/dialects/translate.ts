import { isDeepStrictEqual } from 'node:util'
import { Fault } from '../../faults/fault.ts'
import { type Given, helpOn, originText } from '../../settings/given.ts'
import type { ForeignRow, Told, Value, Values } from './verdict.ts'

export interface Translation {
  /** What was told, in our words: stronger than the variables DRAM_*. */
  readonly given: readonly Given[]
  /** The other server's defaults in our words: weaker than they. */
  readonly defaults: readonly Given[]
  /** A line for each setting that was told and means nothing here. */
  readonly warnings: readonly string[]
}

/**
 * The settings of another server in our words.
 * @param server its name: `Gunicorn`
 * @param told what was given, by name; what is not there has its default
 * @param defaults defaults that depend on where we are, by name
 * @param refused takes what is refused, instead of a throw: for whoever wants to hear all of it
 * @throws Fault SETTING_REFUSED, SETTING_INVALID
 */
export function translate(
  server: string,
  rows: readonly ForeignRow[],
  told: ReadonlyMap<string, Told>,
  defaults: ReadonlyMap<string, Told> = new Map(),
  refused: ((fault: Fault) => void) | null = null,
): Translation {
  const given: Given[] = []
  const weak: Given[] = []
  const warnings: string[] = []
  const usual = (row: ForeignRow): Told =>
    defaults.get(row.name) ?? {
      value: row.default,
      origin: { kind: 'dialect', server, source: '', name: row.name },
    }
  const all = valuesOf(rows, (row) => (told.get(row.name) ?? usual(row)).value)
  const judge = (row: ForeignRow): void => {
    const asked = told.get(row.name)
    const what = asked ?? usual(row)
    const { verdict } = row
    switch (verdict.kind) {
      case 'same':
      case 'mapped': {
        const why = asked && verdict.kind === 'mapped' ? (verdict.warn?.(asked.value, all) ?? null) : null
        if (asked && why !== null) warnings.push(warningOf(server, asked, 'means less', why))
        for (const { key, words, off = false } of verdict.give(what.value, all, what))
          (asked ? given : weak).push({ key, words, off, origin: what.origin })
        break
      }
      case 'accepted':
        if (asked && !isDeepStrictEqual(asked.value, row.default))
          warnings.push(warningOf(server, asked, 'has no effect', verdict.why))
        break
      case 'refused':
        if (!isDeepStrictEqual(what.value, row.default)) throw refuse(what, verdict.instead)
    }
  }
  for (const row of rows) {
    try {
      judge(row)
    } catch (error) {
      if (refused === null || !(error instanceof Fault) || error.code !== 'SETTING_REFUSED') throw error
      refused(error)
    }
  }
  return { given, defaults: weak, warnings }
}

function valuesOf(rows: readonly ForeignRow[], pick: (row: ForeignRow) => Value): Values {
  return Object.fromEntries(rows.map((row) => [row.name, pick(row)]))
}

function warningOf(server: string, { origin }: Told, what: string, why: string): string {
  return `${server}'s setting ${what} here (${originText(origin)}): ${why}`
}

/** It can't be done: `instead` says what to do. */
export function refuse({ origin, value }: Told, instead: string): Fault {
  const shown = typeof value === 'string' ? ` ${JSON.stringify(value)}` : ''
  return new Fault('SETTING_REFUSED', { detail: `not served here: ${originText(origin)}${shown}` }, '', instead)
}

/** Not a value that the other server takes. */
export function wrong({ origin, value }: Told, wants: string): Fault {
  const detail = `${originText(origin)}: must be ${wants}, not ${JSON.stringify(value)}`
  return new Fault('SETTING_INVALID', { detail }, '', helpOn(origin))
}
