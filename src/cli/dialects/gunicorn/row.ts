import type { Origin } from '../../../settings/given.ts'
import type { ForeignRow, Value, Verdict } from '../verdict.ts'
import type { Kind } from './kinds.ts'

/** One of Gunicorn's settings. */
export interface GunicornRow extends ForeignRow {
  readonly kind: Kind
  /** Stands for its value in the help; '' for a switch. */
  readonly metavar: string
}

interface Spec {
  readonly kind: Kind
  readonly flags?: string
  readonly metavar?: string
  /** As Gunicorn's class has it; left out: null. */
  readonly default?: Value
  readonly help: string
  readonly verdict: Verdict
}

/** Rows of one of Gunicorn's sections, by their names. `flags`: with spaces between. */
export function section(title: string, specs: Readonly<Record<string, Spec>>): GunicornRow[] {
  return Object.entries(specs).map(([name, { kind, flags = '', metavar = '', default: given = null, ...rest }]) => ({
    name,
    section: title,
    flags: flags.split(' ').filter(Boolean),
    kind,
    metavar,
    // As it is kept: what is told is compared with it.
    default: given === null ? null : (kind.check(given) ?? given),
    ...rest,
  }))
}

export const SERVER = 'Gunicorn'

/** @param source where it was said; '': it is Gunicorn's default. */
export function origin(source: string, name: string): Origin {
  return { kind: 'dialect', server: SERVER, source, name }
}
