import { Buffer } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const CASES = new URL('../../../tests/cases/', import.meta.url)

/**
 * A case of a Markdown file: its `## ` heading, the prose that says why, and its fenced blocks by their info word.
 * A section with a table is one case per row: `{column}` in its blocks stands for the row's cell of that column.
 */
export interface Case {
  readonly name: string
  /** `file.md:line`, where the case is written. */
  readonly where: string
  readonly blocks: Readonly<Record<string, string>>
}

/** The cases of all Markdown files in a folder of tests/cases. */
export function loadCases(folder: string): Case[] {
  const path = fileURLToPath(new URL(`${folder}/`, CASES))
  const files = readdirSync(path).filter((name) => name.endsWith('.md') && name !== 'README.md')
  return files.sort().flatMap((file) => readCases(file, readFileSync(path + file, 'utf8')))
}

/** What a block stands for in bytes: its lines joined by nothing, with \r \n \t \0 \\ and \xHH for what can't be seen. */
export function bytesOf(block: string): Buffer {
  const text = block.replaceAll('\n', '').replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (written, hex, letter) => {
    const code = hex ? Number.parseInt(hex, 16) : LETTERS[letter]
    if (code === undefined) throw new Error(`${written} is not an escape`)
    return String.fromCharCode(code)
  })
  return Buffer.from(text, 'latin1')
}

const LETTERS: Readonly<Record<string, number>> = { r: 13, n: 10, t: 9, '0': 0, '\\': 92 }

/** The bytes in one line that can be read, and read back by `bytesOf`. */
export function visible(bytes: Buffer | string): string {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1')
  return text.replace(/[^ -[\]-~]/g, (char) => NAMES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

const NAMES: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\0': '\\0', '\\': '\\\\' }

/** Every way of cutting that finds something: whole, byte by byte, and in two at each place. */
export function* cuts(bytes: Buffer): Generator<[name: string, pieces: Buffer[]]> {
  yield ['whole', [bytes]]
  yield ['byte by byte', Array.from(bytes, (byte) => Buffer.of(byte))]
  for (let at = 1; at < bytes.length; at++) yield [`cut at ${at}`, [bytes.subarray(0, at), bytes.subarray(at)]]
}

function readCases(file: string, text: string): Case[] {
  const cases: Case[] = []
  let line = 1
  for (const section of text.split(/^(?=## )/m)) {
    if (section.startsWith('## ')) cases.push(...readSection(section, `${file}:${line}`))
    line += section.split('\n').length - 1
  }
  return cases
}

function readSection(section: string, where: string): Case[] {
  const name = section.slice(3, section.indexOf('\n')).trim()
  const blocks: Record<string, string> = {}
  const prose = section.replace(/^```(\w+)\n([\s\S]*?)\n?```$/gm, (_, info: string, body: string) => {
    if (info in blocks) throw new Error(`${where}: there are two blocks ${info}`)
    blocks[info] = body
    return ''
  })
  const [columns, , ...rows] = (prose.match(/^\|.*\|$/gm) ?? []).map(cells)
  if (!columns) return [{ name, where, blocks }]
  return rows.map((row) => {
    const values = Object.fromEntries(columns.map((column, at) => [column, row[at] ?? '']))
    const fill = (block: string) => block.replace(/\{(\w+)\}/g, (braces, column: string) => values[column] ?? braces)
    const filled = Object.entries(blocks).map(([info, block]) => [info, fill(block)])
    return { name: `${name}: ${row.join(' · ')}`, where, blocks: Object.fromEntries(filled) }
  })
}

/** A table has no room for a bar: write \x7c. */
function cells(row: string): string[] {
  return row
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1'))
}
