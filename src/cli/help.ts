import {
  canTurnOff,
  REGISTRY,
  rowOf,
  SECTIONS,
  SETTING_KEYS,
  type Section,
  type SettingKey,
} from '../settings/registry.ts'
import { twoColumns, wrap } from './text.ts'

const FIRST_COLUMN = 32
const MOST_COLUMNS = 100

/** Every setting with its flag, section by section. */
export function settingsHelp(columns: number): string {
  const width = Math.min(columns, MOST_COLUMNS)
  return (Object.keys(SECTIONS) as Section[])
    .map((section) => {
      const keys = SETTING_KEYS.filter((key) => rowOf(key).section === section && rowOf(key).flag !== '')
      return `${SECTIONS[section]}:\n${twoColumns(keys.map(settingLine), FIRST_COLUMN, width)}`
    })
    .join('\n\n')
}

function settingLine(key: SettingKey): [string, string] {
  const { flag, short, reader, help } = rowOf(key)
  const offered = canTurnOff(key) && rowOf(key).default !== null && rowOf(key).default !== 'false'
  const long = offered ? `--[no-]${flag.slice(2)}` : flag
  const given = defaultText(key)
  return [
    `  ${short ? `${short}, ` : '    '}${long} ${reader.metavar}`.trimEnd(),
    given === '' || reader.shape === 'switch' ? help : `${help} [${given}]`,
  ]
}

/** The default as it would be written; '' where there is none. */
export function defaultText(key: SettingKey): string {
  const given = rowOf(key).default
  return given === null ? '' : [given].flat().join(',')
}

export function commonHelp(): string {
  return twoColumns(
    [
      ['  -h, --help', 'Show this help.'],
      ['  -V, --version', 'Show the version.'],
    ],
    FIRST_COLUMN,
    MOST_COLUMNS,
  )
}

export function paragraph(text: string, columns: number): string {
  return wrap(text, Math.min(columns, MOST_COLUMNS)).join('\n')
}

/** What `dram --help` shows: enough to begin with. */
export function overview(commands: readonly (readonly [usage: string, summary: string])[], columns: number): string {
  const first: SettingKey[] = ['bind', 'workers', 'threads', 'python', 'chdir', 'config']
  const width = Math.min(columns, MOST_COLUMNS)
  return `Usage: dram [APP] [options]

${paragraph('Serves a Python WSGI application over HTTP.', columns)}

${paragraph(REGISTRY.app.help, columns)}
${paragraph(REGISTRY.app.why, columns)}

Commands:
${twoColumns(
  commands.map(([usage, summary]) => [`  dram ${usage}`, summary]),
  FIRST_COLUMN,
  width,
)}

Options to begin with (all of them: dram serve --help):
${twoColumns(first.map(settingLine), FIRST_COLUMN, width)}
${commonHelp()}

Examples:
  dram shop.wsgi                     the application of the module shop.wsgi
  dram app.py -b :8080 -w 4          a file, on port 8080 of every address, with four workers
  dram 'shop:create_app("live")'     what a factory makes
`
}
