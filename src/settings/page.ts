import {
  canTurnOff,
  fileKey,
  rowOf,
  SECTIONS,
  SETTING_KEYS,
  type Section,
  type SettingKey,
  variable,
} from './registry.ts'

const INTRODUCTION = `# Settings

This page is printed from the registry (\`src/settings/registry.ts\`) by \`npm run docs\`.

Every setting can be given on the command line, as a variable of the environment, or in a file. The order of strength:

1. the command line: \`--max-body 2GiB\` or \`--max-body=2GiB\`; what can be turned off has a \`--no-…\` form
2. the environment: \`DRAM_MAX_BODY=2GiB\`; an empty variable counts as none, \`off\` turns off what can be turned off
3. \`WEB_CONCURRENCY\` for \`workers\`
4. the file: \`dram.toml\` of the working folder, else the table \`[tool.dram]\` of its \`pyproject.toml\`, or what \`--config\` names: \`max-body = "2GiB"\`; \`false\` turns off what can be turned off
5. \`PORT=N\` for \`bind\`: 0.0.0.0:N and [::]:N
6. the default

The stronger source replaces the weaker one, lists too; only \`env\` adds up. A name that no setting has is an error, with a suggestion. Times are written \`500ms\`, \`30s\`, \`2m\`, \`1h\` (a plain number: seconds), sizes \`64KiB\`, \`10MB\`, \`1GiB\` (a plain number: bytes). A relative path starts from the working folder, in a file from the folder of the file. \`dram settings\` shows what is in force and where each value came from.
`

/** docs/settings.md */
export function settingsPage(): string {
  const sections = (Object.keys(SECTIONS) as Section[]).map((section) => {
    const keys = SETTING_KEYS.filter((key) => rowOf(key).section === section)
    return `## ${SECTIONS[section]}\n\n${keys.map(entry).join('\n')}`
  })
  return [INTRODUCTION, ...sections].join('\n')
}

function entry(key: SettingKey): string {
  const { flag, short, reader, default: given, help, why, except, applies } = rowOf(key)
  const flags = [short, flag || 'APP', canTurnOff(key) ? `--no-${fileKey(key)}` : undefined]
  const names = [
    ...flags.filter((name) => name !== undefined),
    ...(except === 'variable' ? [] : [variable(key)]),
    ...(except === 'file' ? [] : [fileKey(key)]),
  ]
  const text = [given ?? ''].flat().join(',')
  return `### ${fileKey(key)}

${help} ${why}

${names.map(code).join(' · ')} · takes ${reader.wants} · default: ${text ? code(text) : 'none'} · a change counts after a ${applies}
`
}

const code = (text: string): string => `\`${text}\``
