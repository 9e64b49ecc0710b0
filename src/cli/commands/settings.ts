import { autoWorkers } from '../../house/machine.ts'
import { versionLine } from '../../house/version.ts'
import { withoutSecrets } from '../../kit/secrets.ts'
import { readArguments } from '../../settings/arguments.ts'
import { originText } from '../../settings/given.ts'
import type { Loaded } from '../../settings/load.ts'
import { fileKey, rowOf, SECTIONS, SETTING_KEYS, type Section, type SettingKey } from '../../settings/registry.ts'
import { commonHelp, paragraph } from '../help.ts'
import { table, twoColumns } from '../text.ts'
import { COMMON_SWITCHES, type Command } from './command.ts'
import { sourceOf } from './serve.ts'

export const settings: Command = {
  usage: 'settings [APP] [options]',
  summary: 'Show the settings in force and where each came from.',

  help: (columns) => `Usage: dram settings [APP] [options] [--json]

${paragraph('Shows the settings in force and where each came from, as dram serve would with the same options, variables and files. Values of --env are not shown.', columns)}

${twoColumns([['      --json', 'Print JSON.']], 32, columns)}
${commonHelp()}
`,

  async run(argv, world) {
    const { given, switches } = readArguments(argv, { ...COMMON_SWITCHES, '--json': '--json' })
    if (switches.has('--help')) world.out(settings.help(world.columns))
    else if (switches.has('--version')) world.out(versionLine())
    else {
      const source = sourceOf(given, world)
      const loaded = await source.read()
      await source.keeper()?.close()
      world.out(switches.has('--json') ? asJson(loaded) : asText(loaded, autoWorkers()))
    }
    return 0
  },
}

function asText(loaded: Loaded, workers: number): string {
  const rows = (Object.keys(SECTIONS) as Section[]).flatMap((section) => [
    ['', '', ''],
    [SECTIONS[section], '', ''],
    ...SETTING_KEYS.filter((key) => rowOf(key).section === section).map((key) => [
      `  ${fileKey(key)}`,
      key === 'workers' && loaded.settings.workers.most === 0 ? `auto (here ${workers})` : shown(loaded, key),
      originText(loaded.origins[key]),
    ]),
  ])
  return `Settings file: ${loaded.file ?? 'none'}\n${table(rows)}\n`
}

/** The value as it could be written, secrets in it masked; of pairs the names alone. */
function shown({ settings }: Loaded, key: SettingKey): string {
  const value = settings[key]
  if (value === null) return '(not set)'
  const text = key === 'env' ? Object.keys(settings.env).join(' ') : rowOf(key).reader.show(value)
  return withoutSecrets(text) || '(none)'
}

function asJson(loaded: Loaded): string {
  const rows = SETTING_KEYS.map((key) => ({
    name: fileKey(key),
    value: loaded.settings[key] === null ? null : shown(loaded, key),
    from: loaded.origins[key],
  }))
  return `${JSON.stringify({ file: loaded.file, settings: rows }, null, 2)}\n`
}
