import { paragraph } from '../../help.ts'
import { twoColumns } from '../../text.ts'
import { ADJUSTMENTS, type Adjustment } from './adjustments.ts'

const FIRST_COLUMN = 38
const MOST_COLUMNS = 100

/** What `--help` shows: Waitress's options, and dram's own. */
export function helpText(columns: number): string {
  const width = Math.min(columns, MOST_COLUMNS)
  const sections = [...new Set(ADJUSTMENTS.map((row) => row.section))].map((title) => {
    const rows = ADJUSTMENTS.filter((row) => row.section === title).map(line)
    return `${title}:\n${twoColumns(rows, FIRST_COLUMN, width)}`
  })
  return `Usage: dram waitress-serve [OPTS] MODULE:OBJECT

${paragraph('Serves as Waitress is told to: its options, their defaults and their meaning. They stand before the application, and any beginning that only one of them has will do.', columns)}

Application:
${twoColumns(OWN, FIRST_COLUMN, width)}

${sections.join('\n\n')}

${paragraph('All else that dram can do is set by variables (DRAM_WORKERS=4, DRAM_ACCESS_LOG=-; see dram serve --help). What becomes of each option: docs/waitress.md.', columns)}
`
}

const OWN: readonly (readonly [string, string])[] = [
  ['  MODULE:OBJECT, --app=MODULE:OBJECT', 'The application; MODULE.OBJECT will do, too.'],
  ['  --call', 'Call the object without arguments: what it returns is the application.'],
  ['  --explain', 'Print the dram.toml that says the same, and serve nothing.'],
  ['  --help', 'Show this help.'],
  ['  --version', 'Show the version.'],
]

function line({ flags, kind, default: standard, help }: Adjustment): readonly [string, string] {
  if (kind === 'bool') return [`  --[no-]${flags[0]!.slice(2)}`, `${help} [${standard ? 'on' : 'off'}]`]
  const shown = [standard].flat().join(' ')
  return [`  ${flags[0]}=${METAVARS[kind]}`, shown === '' ? help : `${help} [${shown}]`]
}

const METAVARS = { text: 'TEXT', int: 'N', octal: 'MODE', words: 'LIST', sockets: 'LIST' } as const
