import { Fault } from '../../faults/fault.ts'

/** One `name = value` of a section. */
export interface Entry {
  /** With what interpolation made of it; lines of a value that goes on are joined by line feeds. */
  readonly value: string
  /** Counted from 1. */
  readonly line: number
}

export type Section = ReadonlyMap<string, Entry>

interface Raw {
  value: string
  readonly line: number
}

/** Stands for what else holds in every section: `here`, `__file__`, `--paste-global`. */
export type Globals = Readonly<Record<string, string>>

const DEFAULT = 'DEFAULT'
const DEEPEST = 10

/**
 * One section of a file of PasteDeploy, as Python's ConfigParser reads it and PasteDeploy uses it: `%(name)s` stands
 * for another value, also of [DEFAULT] and of `globals`; `get NAME = GLOBAL` takes a global one, `set` is for others.
 * Null: there is no such section.
 * @throws Fault PASTE_FILE
 */
export function readSection(path: string, text: string, name: string, globals: Globals): Section | null {
  const sections = parse(path, text)
  const own = sections.get(name)
  if (own === undefined) return null
  const inherited = new Map([...entriesOf(globals), ...(sections.get(DEFAULT) ?? [])])
  const all = new Map([...inherited, ...own])
  const told = Array.from(own, ([key, { value, line }]) => {
    const [word = '', named = key] = /^(get|set)\s+(.*)$/.exec(key)?.slice(1) ?? []
    return { word, name: named, value: interpolate(path, line, value, all, 0), line }
  })
  const settable = new Map([...inherited, ...told.filter(({ word }) => word === 'set').map(asGlobal)])
  const section = new Map<string, Entry>()
  for (const { word, name, value, line } of told) {
    if (word === 'get') section.set(name, { value: interpolate(path, line, `%(${value})s`, settable, 0), line })
    // What is named like a global value isn't the section's own there.
    else if (word === '' && !inherited.has(name)) section.set(name, { value, line })
  }
  return section
}

function asGlobal({ name, value, line }: Entry & { readonly name: string }): [string, Raw] {
  return [name, { value: value.replaceAll('%', '%%'), line }]
}

function entriesOf(globals: Globals): [string, Raw][] {
  return Object.entries(globals).map(([name, value]) => [name, { value: value.replaceAll('%', '%%'), line: 0 }])
}

function parse(path: string, text: string): Map<string, Map<string, Raw>> {
  const sections = new Map<string, Map<string, Raw>>()
  let section: Map<string, Raw> | null = null
  let entry: Raw | null = null
  for (const [index, written] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1
    const bare = written.trim()
    if (/^[#;]/.test(bare)) continue
    if (bare === '') {
      if (entry !== null) entry.value += '\n'
      continue
    }
    if (entry !== null && /^\s/.test(written)) {
      entry.value += `\n${bare}`
      continue
    }
    const title = /^\[([^\]]+)\]/.exec(bare)?.[1]
    if (title !== undefined) {
      if (sections.has(title)) throw broken(path, line, `a second [${title}]`)
      section = new Map()
      sections.set(title, section)
      entry = null
      continue
    }
    const [, name, value] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(bare) ?? []
    if (section === null || name === undefined) throw broken(path, line, 'neither [SECTION] nor NAME = VALUE')
    if (section.has(name)) throw broken(path, line, `a second ${name} in its section`)
    entry = { value: value!, line }
    section.set(name, entry)
  }
  for (const one of sections.values()) for (const raw of one.values()) raw.value = raw.value.trimEnd()
  return sections
}

function interpolate(path: string, line: number, text: string, all: ReadonlyMap<string, Raw>, depth: number): string {
  if (depth > DEEPEST) throw broken(path, line, 'values that stand for each other')
  return text.replace(/%(?:%|\(([^)]*)\)s|)/g, (found, name: string | undefined) => {
    if (found === '%%') return '%'
    const meant = name === undefined ? undefined : all.get(name)
    if (meant === undefined) {
      throw broken(path, line, name === undefined ? 'a % alone: write %%' : `nothing says what %(${name})s is`)
    }
    return interpolate(path, line, meant.value, all, depth + 1)
  })
}

function broken(path: string, line: number, what: string): Fault {
  return new Fault('PASTE_FILE', { detail: `${path}, line ${line}: ${what}` })
}
