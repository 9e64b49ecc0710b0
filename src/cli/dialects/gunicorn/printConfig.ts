import { isThing, type Value } from '../verdict.ts'
import { GUNICORN } from './table.ts'
import type { AllTold } from './told.ts'

/** All settings as Gunicorn prints them: a line each, by name, in the words of Python. */
export function printConfig(told: AllTold, defaults: AllTold, folder: string): string {
  const width = Math.max(...GUNICORN.map(({ name }) => name.length))
  const lines = GUNICORN.map((row) => {
    const value = (told.get(row.name) ?? defaults.get(row.name))?.value ?? (row.name === 'chdir' ? folder : row.default)
    return `${row.name.padEnd(width)} = ${typeof value === 'string' ? value : pythonText(value)}`
  })
  return `${lines.sort().join('\n')}\n`
}

/** As repr() of Python writes it. */
export function pythonText(value: Value): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return String(value)
  if (isThing(value)) return value.name === undefined ? (value.repr ?? '') : `<${value.name}()>`
  if (Array.isArray(value)) return `[${value.map(pythonText).join(', ')}]`
  const pairs = Object.entries(value).map(([name, item]) => `${quoted(name)}: ${pythonText(item)}`)
  return `{${pairs.join(', ')}}`
}

function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  return text.includes("'") && !text.includes('"') ? `"${inner}"` : `'${inner.replaceAll("'", "\\'")}'`
}
