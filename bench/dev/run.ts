/** `node build/bench/dev/run.js [ROUNDS]`: from a saved file to the answer of the new code. See ../README.md. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defaultPython } from '../../tools/pythons.ts'
import { dramVersion, machineFacts } from '../machine.ts'
import { nameOf } from '../save.ts'
import { Contender, commandsOf } from './contender.ts'
import { type DevReport, devMarkdown } from './report.ts'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const REQUIREMENTS = join(ROOT, 'bench/dev/requirements.txt')
const ROUNDS = 15
/** Saves that aren't counted, each long after the one before: what servers do in the background is done then. */
const TRIAL_ROUNDS = 2
const TRIAL_PAUSE_MS = 6_000
/** Who looks once a second is met at any moment of it. */
const PAUSE_MS = 500
const MORE_PAUSE_MS = 1_000

async function main(argv: readonly string[]): Promise<void> {
  const rounds = Number(argv[0] ?? ROUNDS)
  const began = new Date().toISOString()
  const machine = machineFacts()
  const { bin, versions } = prepare()
  const folder = mkdtempSync(join(tmpdir(), 'dram-bench-dev-'))
  const contenders: Contender[] = []
  try {
    for (const command of commandsOf(join(bin, 'python'), bin, join(ROOT, 'bin/dram')))
      contenders.push(await Contender.start(command, join(folder, `${contenders.length}`)))
    for (let round = -TRIAL_ROUNDS; round < rounds; round++) {
      say(round < 0 ? 'a round that is not counted' : `round ${round + 1} of ${rounds}`)
      await turn(contenders, round >= 0)
    }
    const rows = contenders.map(({ command: { name, project }, timesMs }) => ({ name, app: project.name, timesMs }))
    const report = { began, machine, versions: { dram: dramVersion(ROOT), ...versions }, rows }
    for (const file of keep(report)) say(file)
  } finally {
    for (const contender of contenders) contender.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Each once, one after the other. */
async function turn(contenders: readonly Contender[], counts: boolean): Promise<void> {
  for (const contender of contenders) {
    await sleep(counts ? PAUSE_MS + Math.random() * MORE_PAUSE_MS : TRIAL_PAUSE_MS)
    const tookMs = await contender.saved()
    say(`  ${contender.command.project.name}, ${contender.command.name}: ${tookMs.toFixed(0)} ms`)
    if (counts) contender.timesMs.push(tookMs)
  }
}

/** A virtual environment in .cache/, with what the applications need. */
function prepare() {
  const python = defaultPython()
  const folder = join(ROOT, '.cache', `bench-dev-${python.version}`)
  const bin = join(folder, 'bin')
  const wanted = readFileSync(REQUIREMENTS, 'utf8')
  if (!existsSync(join(bin, 'flask'))) {
    say(`making a virtual environment in .cache/bench-dev-${python.version}`)
    mkdirSync(folder, { recursive: true })
    execFileSync(python.executable, ['-m', 'venv', folder])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]
    execFileSync(join(bin, 'python'), pip, { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const lines = wanted.split('\n').filter((line) => line.includes('=='))
  const versions = Object.fromEntries(lines.map((line) => line.split('==') as [string, string]))
  return { bin, versions: { ...versions, Python: `${python.implementation} ${python.version}`, Node: process.version } }
}

function keep(report: DevReport): string[] {
  const base = join(ROOT, 'bench/results', `${nameOf(report.began)}-dev`)
  writeFileSync(`${base}.json`, `${JSON.stringify(report, null, 1)}\n`)
  writeFileSync(`${base}.md`, devMarkdown(report))
  return [`${base}.json`, `${base}.md`]
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

await main(process.argv.slice(2))
