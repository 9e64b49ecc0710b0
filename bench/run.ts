/** `npm run bench [-- OPTIONS]`: dram and its peers side by side. See README.md. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hold } from './contest.ts'
import { dramVersion, machineFacts, said } from './machine.ts'
import type { Plan } from './measure.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { distributionsOf, markdown, type Report, type ScenarioResult, scenarioLines } from './report.ts'
import { SCENARIOS } from './scenarios.ts'
import { killAll } from './server.ts'
import { prepareTools, type Tools } from './tools.ts'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const WARMUP_SECONDS = 2
const SMOKE_SHARE = 0.01

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv)
  if (!options) {
    process.stdout.write(HELP)
    return 0
  }
  if (cpus().length < 2) throw new Error('two cores are needed: one for the server, one for the load')
  const began = new Date().toISOString()
  const machine = machineFacts()
  const tools = prepareTools(ROOT, say)
  const plan = planOf(options, tools)
  const results: ScenarioResult[] = []
  for (const name of options.scenarios) {
    const result = await hold({
      scenario: name,
      peers: SCENARIOS[name].peers.filter((peer) => peer === 'dram' || (options.peers?.includes(peer) ?? true)),
      rounds: options.rounds,
      isTuned: !options.isSmoke,
      plan,
      isInstalled: (distribution) => tools.versions.has(distribution),
      say,
    })
    say(['', ...scenarioLines(result)].join('\n'))
    results.push(result)
  }
  save(reportOf(began, machine, options, tools, plan, results), options)
  return results.every(({ peers }) => peers.some(({ peer }) => peer === 'dram')) ? 0 : 1
}

function planOf(options: Options, tools: Tools): Plan {
  const dram = options.dram ? resolve(options.dram) : join(ROOT, 'bin/dram')
  return {
    folders: {
      apps: join(ROOT, 'bench/apps'),
      servers: join(ROOT, 'bench/servers'),
      bin: tools.bin,
      dram: [machineNode(), dram],
    },
    wrkScript: join(ROOT, 'bench/wrk.lua'),
    seconds: options.seconds,
    warmupSeconds: options.isSmoke ? 0 : WARMUP_SECONDS,
    share: options.isSmoke ? SMOKE_SHARE : 1,
  }
}

function reportOf(
  began: string,
  machine: Report['machine'],
  options: Options,
  tools: Tools,
  plan: Plan,
  results: readonly ScenarioResult[],
): Report {
  const checkout = options.dram ? dirname(dirname(resolve(options.dram))) : ROOT
  const versions: Record<string, string> = {
    dram: dramVersion(checkout),
    Node: said(machineNode(), ['--version']).slice(1),
    Python: tools.python,
    flask: tools.versions.get('flask') ?? 'missing',
  }
  for (const name of distributionsOf(results)) versions[name] = tools.versions.get(name) ?? 'missing'
  const { seconds, warmupSeconds } = plan
  return {
    began,
    isSmoke: options.isSmoke,
    machine,
    versions,
    method: { rounds: options.rounds, seconds, warmupSeconds },
    results,
  }
}

function save(report: Report, options: Options): void {
  const folder = resolve(options.out ?? join(ROOT, options.isSmoke ? '.cache/bench' : 'bench/results'))
  const base = join(folder, report.began.slice(0, 16).replace(':', ''))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${base}.md`, markdown(report))
  writeFileSync(`${base}.json`, `${JSON.stringify(report, null, 2)}\n`)
  say(`written: ${relative(process.cwd(), base)}.md and .json`)
}

/** Inside npm, PATH's node is our tools'; what is measured runs on the machine's, as its user has it. */
function machineNode(): string {
  const node = process.env.npm_node_execpath
  return node && existsSync(node) ? node : process.execPath
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    killAll()
    process.exit(1)
  })

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
