/**
 * `npm test [-- NAME …]`: the everyday suite, with the machine's own Node and the default python3.
 * `npm run test:full [-- NAME …]`: every CPython that is served and installed, both Nodes, the long tests.
 * `npm run test:full -- --after-everyday`: without what `npm test`, just passed on this machine, has in common with it.
 * NAME is a part of a test file's path, `live/http` for instance; `python` is the Python runtime's own suite.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { preparedBrowser } from './browser.ts'
import { allPythons, defaultPython, oldPython, type Python } from './pythons.ts'
import { EVERY_PYTHON, FORKING, LONG, ONE_NODE, ONE_PYTHON, SELDOM } from './reach.ts'
import { type Counts, countsText, readCounts } from './reporter.ts'
import { preparedPython } from './venv.ts'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const PYTHON_SUITE = 'python'

/** No test file may take longer, but for those with long tests. */
const FILE_LIMIT_MS = 3 * 60_000

/** No section may take longer; what is left of it is killed and counts as one failure. */
const SECTION_LIMIT_MS = 15 * 60_000

const OLD_PYTHON = oldPython()?.executable ?? ''

interface Section {
  readonly title: string
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Turns a line of its output into counts; null for every other line. */
  readonly read: (line: string) => Counts | null
}

async function main(argv: readonly string[]): Promise<number> {
  const isFull = argv.includes('--full')
  const names = argv.filter((argument) => !argument.startsWith('--'))
  const began = performance.now()
  const results: [Section, Counts][] = []
  for (const section of isFull ? fullSections(names, argv.includes('--after-everyday')) : everydaySections(names)) {
    heading(section.title)
    results.push([section, await runSection(section)])
  }
  heading('result')
  for (const [section, counts] of results)
    process.stdout.write(`  ${counts.failed ? 'FAILED' : 'ok    '} ${section.title}: ${countsText(counts)}\n`)
  const total = results.reduce((sum, [, counts]) => add(sum, counts), { passed: 0, failed: 0, skipped: 0 })
  if (total.passed === 0) total.failed += 1
  process.stdout.write(`${((performance.now() - began) / 1000).toFixed(0)} s\n${countsText(total)}\n`)
  return total.failed ? 1 : 0
}

function everydaySections(names: readonly string[]): Section[] {
  const python = defaultPython()
  return sections(names, [
    { node: machineNode(), python, files: everydayFiles(names), environment: {} },
    { node: null, python, files: [], environment: {} },
  ])
}

function everydayFiles(names: readonly string[]): string[] {
  const files = nodeFiles('tests')
  return names.length === 0 ? files.filter((file) => !SELDOM.includes(file)) : files
}

/** What of it is run where: reach.ts. */
function fullSections(names: readonly string[], isAfterEveryday: boolean): Section[] {
  const pythons = allPythons()
  const usual = defaultPython()
  const others = pythons.filter((python) => python.version !== usual.version)
  const ends = new Set([pythons[0], pythons.filter((python) => python.implementation === 'CPython').at(-1)])
  const served = ['tests/guests', 'tests/live'].flatMap(nodeFiles)
  const whole = [...nodeFiles('tests/browser'), ...served]
  const rest = nodeFiles('tests').filter((file) => !whole.includes(file))
  const left = isAfterEveryday ? whole.filter((file) => SELDOM.includes(file) || isLong(file)) : whole
  const machine = { node: machineNode(), python: usual, environment: {} }
  const build = { node: buildNode(), python: usual, environment: {} }
  const plans: Plan[] = []
  for (const python of isAfterEveryday ? others : pythons) plans.push({ ...machine, node: null, python, files: [] })
  if (!isAfterEveryday) plans.push({ ...machine, files: rest })
  plans.push({ ...build, files: rest.filter((file) => !ONE_NODE.includes(file)) })
  plans.push({ ...machine, files: left, environment: { TEST_FULL: '1' } })
  plans.push({ ...build, files: whole.filter((file) => !ONE_NODE.includes(file)) })
  for (const slow of ['before', 'after']) plans.push({ ...machine, files: FORKING, environment: { TEST_FORKS: slow } })
  for (const python of others) {
    const files = ends.has(python) ? served.filter((file) => !ONE_PYTHON.includes(file)) : EVERY_PYTHON
    plans.push({ ...machine, python, files })
  }
  return sections(names, plans)
}

/** It does more with TEST_FULL than without. */
function isLong(file: string): boolean {
  return LONG.test(readFileSync(join(ROOT, file), 'utf8'))
}

interface Plan {
  /** Null: the Python runtime's own suite. */
  readonly node: string | null
  readonly python: Python
  /** Sources, relative to the checkout. */
  readonly files: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

function sections(names: readonly string[], plans: readonly Plan[]): Section[] {
  const isWanted = (name: string) => names.length === 0 || names.some((wanted) => name.includes(wanted))
  return plans.flatMap((plan) => {
    if (plan.node === null) return isWanted(PYTHON_SUITE) ? [pythonSection(plan.python)] : []
    const files = plan.files.filter(isWanted)
    return files.length ? [nodeSection(plan.node, plan.python, files, plan.environment)] : []
  })
}

function nodeSection(
  node: string,
  python: Python,
  files: readonly string[],
  environment: Readonly<Record<string, string>>,
): Section {
  const rooms = [...new Set(files.map((file) => file.split('/')[1]))].join(', ')
  if (files.some((file) => file.startsWith('tests/browser/'))) preparedBrowser()
  const more = [
    environment.TEST_FULL ? ', long tests too' : '',
    environment.TEST_FORKS ? `, slow ${environment.TEST_FORKS} each fork` : '',
  ].join('')
  return {
    title: `${rooms}, Node ${nodeVersion(node)}, ${nameOf(python)}${more}`,
    command: [
      node,
      '--test',
      '--test-concurrency=3',
      `--test-timeout=${FILE_LIMIT_MS * (environment.TEST_FULL ? 4 : 1)}`,
      `--test-reporter=${join(ROOT, 'build/tools/reporter.js')}`,
      '--test-reporter-destination=stdout',
      ...files.map((file) => join('build', file.replace(/\.ts$/, '.js'))),
    ],
    environment: { TEST_PYTHON: preparedPython(ROOT, python), TEST_OLD_PYTHON: OLD_PYTHON, ...environment },
    read: readCounts,
  }
}

function pythonSection(python: Python): Section {
  let ran = 0
  return {
    title: `the Python runtime's suite, ${nameOf(python)}`,
    command: [preparedPython(ROOT, python), '-m', 'unittest', 'discover', '-s', 'tests/python', '-t', 'tests/python'],
    environment: { PYTHONDONTWRITEBYTECODE: '1' },
    read: (line) => {
      ran = Number(/^Ran (\d+) tests? in/.exec(line)?.[1] ?? ran)
      return /^(OK|FAILED|NO TESTS RAN)\b/.test(line) ? unittestCounts(ran, line) : null
    },
  }
}

/** From `FAILED (failures=1, errors=2, skipped=3)`. */
function unittestCounts(ran: number, line: string): Counts {
  const of = (name: string) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(line)?.[1] ?? 0)
  const skipped = of('skipped') + of('expected failures')
  const failed = of('failures') + of('errors') + of('unexpected successes') + (line.startsWith('NO TESTS') ? 1 : 0)
  return { passed: Math.max(0, ran - failed - skipped), failed, skipped }
}

/** A section that says no counts, or ends badly without a failed test, has failed once. */
async function runSection(section: Section): Promise<Counts> {
  const [file = '', ...argv] = section.command
  const child = spawn(file, argv, {
    cwd: ROOT,
    env: { ...process.env, ...section.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const release = endTogether(child)
  let counts: Counts | null = null
  const listen = (line: string) => {
    counts = section.read(line) ?? counts
  }
  const outputs = [passLines(child.stdout, listen), passLines(child.stderr, listen)]
  const code = await new Promise<number | null>((done) => child.once('exit', done))
  killGroup(child)
  await Promise.all(outputs)
  release()
  const read = counts ?? { passed: 0, failed: 0, skipped: 0 }
  if (code !== 0 && read.failed === 0) {
    process.stdout.write(`the section ended with ${code === null ? 'a signal' : `exit code ${code}`}\n`)
    return { ...read, failed: 1 }
  }
  return read
}

/** The section ends when its time is over, and when this process is told to end. */
function endTogether(child: ChildProcess): () => void {
  const timer = setTimeout(() => {
    process.stdout.write(`the section took longer than ${SECTION_LIMIT_MS / 60_000} minutes\n`)
    killGroup(child)
  }, SECTION_LIMIT_MS)
  const quit = (signal: NodeJS.Signals) => {
    killGroup(child)
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.once('SIGINT', quit).once('SIGTERM', quit)
  return () => {
    clearTimeout(timer)
    process.off('SIGINT', quit).off('SIGTERM', quit)
  }
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}

async function passLines(stream: NodeJS.ReadableStream, listen: (line: string) => void): Promise<void> {
  let held = ''
  stream.setEncoding('utf8')
  for await (const text of stream) {
    process.stdout.write(text)
    const lines = (held + text).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) listen(line)
  }
}

/** From the sources, so that what a removed test left in build/ is not run. */
function nodeFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => relative(ROOT, join(ROOT, folder, name)))
    .sort()
}

/** Inside npm, PATH's node is the one in node_modules; npm itself runs on the machine's. */
function machineNode(): string {
  return process.env.npm_node_execpath ?? process.execPath
}

function buildNode(): string {
  const installed = join(ROOT, 'node_modules/node/bin/node')
  return existsSync(installed) ? installed : process.execPath
}

const versions = new Map<string, string>()

function nodeVersion(node: string): string {
  let version = versions.get(node)
  if (version === undefined) {
    version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1)
    versions.set(node, version)
  }
  return version
}

function nameOf(python: Python): string {
  return `${python.implementation} ${python.version}`
}

function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

function heading(text: string): void {
  process.stdout.write(`\n── ${text} ${'─'.repeat(Math.max(0, 100 - text.length))}\n`)
}

process.exitCode = await main(process.argv.slice(2))
