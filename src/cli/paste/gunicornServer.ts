import { originText, unknown } from '../../settings/given.ts'
import type { GunicornLine } from '../dialects/gunicorn/line.ts'
import type { GunicornRow } from '../dialects/gunicorn/row.ts'
import { GUNICORN } from '../dialects/gunicorn/table.ts'
import type { Told } from '../dialects/verdict.ts'
import type { Section } from './ini.ts'
import type { OriginOf } from './server.ts'

const ROWS: ReadonlyMap<string, GunicornRow> = new Map(GUNICORN.map((row) => [row.name, row]))

/**
 * `use = egg:gunicorn#main`: Gunicorn's settings by their names, as its command line would say them. `host` and `port`
 * are `bind`, as there.
 */
export function gunicornLine(
  app: string,
  globals: readonly string[],
  section: Section,
  originOf: OriginOf,
): GunicornLine {
  const told = new Map<GunicornRow, Told>()
  for (const [name, value] of Object.entries(withBind(section))) {
    const row = ROWS.get(name.toLowerCase())
    if (row === undefined) throw unknown(name, ` (${originText(originOf(name))})`, ROWS.keys())
    told.set(row, { value, origin: originOf(name) })
  }
  const here = { kind: 'flag', name: '' } as const
  told.set(ROWS.get('paste')!, { value: app, origin: here })
  if (globals.length > 0) told.set(ROWS.get('raw_paste_global_conf')!, { value: globals, origin: here })
  return { told, words: [], switches: new Set() }
}

function withBind(section: Section): Record<string, string | string[]> {
  const { host = '', port = '', ...rest } = Object.fromEntries([...section].map(([name, { value }]) => [name, value]))
  if (host !== '' && port !== '') return { ...rest, bind: `${host}:${port}` }
  return host === '' ? rest : { ...rest, bind: host.split(',') }
}
