import type { Family, Label } from './family.ts'

/**
 * The text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/
 * A family without samples is left out: a HELP alone says nothing.
 */
export function prometheusText(families: readonly Family[]): string {
  let text = ''
  for (const { name, type, help, samples } of families) {
    if (samples.length === 0) continue
    if (help !== '') text += `# HELP ${name} ${escapedHelp(help)}\n`
    text += `# TYPE ${name} ${type}\n`
    for (const { suffix, labels, value } of samples)
      text += `${name}${suffix}${labelsText(labels)} ${numberText(value)}\n`
  }
  return text
}

function labelsText(labels: readonly Label[]): string {
  return labels.length === 0 ? '' : `{${labels.map(([name, value]) => `${name}="${escapedValue(value)}"`).join(',')}}`
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}

function escapedHelp(text: string): string {
  return text.replace(/[\\\n]/g, (char) => (char === '\n' ? '\\n' : '\\\\'))
}

function escapedValue(text: string): string {
  return text.replace(/[\\\n"]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))
}
