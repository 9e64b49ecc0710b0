import { deepEqual, ok } from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Below these are the project's own pages. */
const FOLDERS = ['docs', 'examples', 'bench', 'fuzz', 'src', 'tests', 'wire', 'pages']

const pages = [
  ...readdirSync(ROOT),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ),
].filter((name) => name.endsWith('.md') && !name.includes('node_modules'))

interface Link {
  readonly page: string
  readonly to: string
}

/** Links and pictures that lead to a place in here; what stands in code is none. */
function linksOf(page: string): Link[] {
  const prose = readFileSync(join(ROOT, page), 'utf8')
    .replace(/^( *)(`{3,})[\s\S]*?^\1\2$/gm, '')
    .replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/(?:\]\(|\bsrc(?:set)?=")([^)"\s]+)/g)]
    .map(([, to]) => ({ page, to: to! }))
    .filter(({ to }) => !/^[a-z]+:/.test(to))
}

/** As they are made of headings. */
function anchorsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function leadsSomewhere({ page, to }: Link): boolean {
  const [path, anchor] = to.split('#') as [string, string?]
  const target = path === '' ? join(ROOT, page) : normalize(join(ROOT, dirname(page), path))
  if (!existsSync(target)) return false
  return anchor === undefined || !target.endsWith('.md') || anchorsOf(target).includes(anchor)
}

test('every link in the pages leads to a file that is here, and to a heading of it', () => {
  const links = pages.flatMap(linksOf)
  ok(links.length > 100, String(links.length))
  deepEqual(
    links.filter((link) => !leadsSomewhere(link)),
    [],
  )
})
