/**
 * Makes one file of all that an entry imports: Node opens and links some 250 modules one by one, which is half of a
 * start. The bundles lie as deep as what they are made of, so that URLs relative to a module
 * (`new URL('../../../wire/…', import.meta.url)`) mean the same in both; an entry that is loaded by its URL is named
 * with its folder for that reason: `new URL('../folder/name.js', import.meta.url)`.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Modules of src/ that a process or a thread begins with; each becomes `build/src/bundle/NAME.cjs`. */
const ENTRIES = ['cli/start', 'house/frontThread'] as const

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const BUNDLES = join(ROOT, 'build/src/bundle')

const HEAD = `'use strict'; const moduleUrl = require('node:url').pathToFileURL(__filename).href;`

const esbuild = await import('esbuild').catch(() => null)
if (esbuild === null) {
  rmSync(BUNDLES, { recursive: true, force: true }) // it would be of other modules
  process.stderr.write('esbuild is not installed: dram runs from single files, and starts slower\n')
} else {
  mkdirSync(BUNDLES, { recursive: true })
  const { outputFiles } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES.map((entry) => join('build/src', `${entry}.js`)),
    outdir: 'build/src/bundle',
    entryNames: '[name]',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs', // V8's compiled form of a module can't be kept before Node 22.1
    target: 'node20.19',
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: HEAD },
    logLevel: 'warning',
    write: false,
  })
  for (const { path, text } of outputFiles) {
    writeFileSync(`${path}.new`, ascii(text))
    renameSync(`${path}.new`, path) // who starts meanwhile reads the old or the new
  }
}

/**
 * A text of one byte a character is read twice as fast. esbuild has escaped what stands in strings and leaves comments
 * and regular expressions alone, which read the same so.
 */
function ascii(text: string): string {
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
