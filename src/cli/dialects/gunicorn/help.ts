import { paragraph } from '../../help.ts'
import { twoColumns } from '../../text.ts'
import type { GunicornRow } from './row.ts'
import { GUNICORN } from './table.ts'

const FIRST_COLUMN = 36
const MOST_COLUMNS = 100

/** Every option of Gunicorn, section by section. */
export function helpText(columns: number): string {
  const width = Math.min(columns, MOST_COLUMNS)
  const options = GUNICORN.filter(({ flags }) => flags.length > 0)
  const sections = [...new Set(options.map(({ section }) => section))].map((title) => {
    const rows = options.filter(({ section }) => section === title)
    return `${title}:\n${twoColumns(rows.map(helpLine), FIRST_COLUMN, width)}`
  })
  return `Usage: dram gunicorn [OPTIONS] [APP]

${paragraph('Serves with the options, configuration file, variables and defaults of Gunicorn 27. APP is MODULE[:NAME] or MODULE:FACTORY("x", key=1). What becomes of each setting: docs/gunicorn.md.', columns)}

${sections.join('\n\n')}

Other:
${twoColumns(
  [
    ['  -h, --help', 'Show this help.'],
    ['  -v, --version', 'Show the version.'],
    ['  --explain', 'Print a dram.toml that does the same, and end.'],
  ],
  FIRST_COLUMN,
  width,
)}
`
}

function helpLine({ flags, metavar, kind, help, verdict, default: given }: GunicornRow): [string, string] {
  const value = kind.takes === 'none' ? '' : kind.takes === 'perhaps' ? ` [${metavar}]` : ` ${metavar || 'VALUE'}`
  const fate = verdict.kind === 'accepted' ? ' (No effect here.)' : verdict.kind === 'refused' ? ' (Refused here.)' : ''
  const isShown =
    kind.takes !== 'none' && given !== null && given !== '' && !(Array.isArray(given) && given.length === 0)
  return [`  ${flags.join(', ')}${value}`, `${help}${fate}${isShown ? ` [${[given].flat().join(',')}]` : ''}`]
}
