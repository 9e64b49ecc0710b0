import type { Family, FamilyType, Label, Sample } from './family.ts'

export interface Parsed {
  readonly families: readonly Family[]
  /** Lines that could not be read, and were left out. */
  readonly malformed: number
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)[ \t]*(\{.*\})?[ \t]*([^\s{}]+)(?:[ \t]+-?\d+)?[ \t\r]*$/s
const COMMENT = /^#[ \t]+(HELP|TYPE)[ \t]+([a-zA-Z_:][\w:]*)(?:[ \t]+(.*))?$/s
const LABEL = /[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|(?=\}))/sy
const TYPES: readonly string[] = ['counter', 'gauge', 'histogram', 'summary', 'untyped']

/** Suffixes that belong to a family of this type. */
const SUFFIXES: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: [],
  gauge: [],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
  untyped: [],
}

interface Building {
  name: string
  type: FamilyType
  help: string
  samples: Sample[]
}

/** Reads the text format 0.0.4. Timestamps are dropped; what can't be read is counted and left out. */
export function readPrometheus(text: string): Parsed {
  const families = new Map<string, Building>()
  let malformed = 0
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) takeComment(families, line)
    else if (line.trim() !== '' && !takeSample(families, line)) malformed++
  }
  return { families: [...families.values()].filter(({ samples }) => samples.length > 0), malformed }
}

function familyOf(families: Map<string, Building>, name: string): Building {
  const known = families.get(name)
  if (known) return known
  const made: Building = { name, type: 'untyped', help: '', samples: [] }
  families.set(name, made)
  return made
}

/** Any other comment means nothing. */
function takeComment(families: Map<string, Building>, line: string): void {
  const [, kind, name, rest = ''] = COMMENT.exec(line) ?? []
  if (name === undefined) return
  if (kind === 'HELP') familyOf(families, name).help = unescaped(rest)
  else if (TYPES.includes(rest.trim())) familyOf(families, name).type = rest.trim() as FamilyType
}

function takeSample(families: Map<string, Building>, line: string): boolean {
  const [, name, braces, number] = SAMPLE.exec(line) ?? []
  if (name === undefined) return false
  const value = numberOf(number!)
  const labels = braces === undefined ? [] : labelsOf(braces)
  if (value === undefined || labels === null) return false
  const [family, suffix] = homeOf(families, name)
  family.samples.push({ suffix, labels, value })
  return true
}

/** `x_bucket` belongs to x where x is a histogram; else it is a name of its own. */
function homeOf(families: Map<string, Building>, name: string): [family: Building, suffix: string] {
  for (const suffix of ['_bucket', '_sum', '_count']) {
    if (!name.endsWith(suffix)) continue
    const family = families.get(name.slice(0, -suffix.length))
    if (family && SUFFIXES[family.type].includes(suffix)) return [family, suffix]
  }
  return [familyOf(families, name), '']
}

function numberOf(text: string): number | undefined {
  if (/^[+-]?Inf(?:inity)?$/i.test(text))
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^NaN$/i.test(text)) return Number.NaN
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

function labelsOf(braces: string): Label[] | null {
  const labels: Label[] = []
  const end = braces.length - 1
  let at = 1
  while (at < end) {
    LABEL.lastIndex = at
    const [whole, name, value] = LABEL.exec(braces) ?? []
    if (whole === undefined) return braces.slice(at, end).trim() === '' ? labels : null
    labels.push([name!, unescaped(value!)])
    at += whole.length
  }
  return labels
}

function unescaped(value: string): string {
  return value.includes('\\') ? value.replace(/\\(.)/gs, (_, char) => (char === 'n' ? '\n' : char)) : value
}
