/** `npm run bench [-- OPTIONS]`: dram and its peers side by side. See README.md. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dramVersion, machineFacts, said } from './machine.ts'
import { measure, type Plan, type Round } from './measure.ts'
import { METRICS } from './metrics.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { type Configuration, configurationText, PEERS, type PeerName } from './peers.ts'
import { distributionsOf, type Failure, markdown, type Report, type ScenarioResult, scenarioLines } from './report.ts'
import { SCENARIOS, type Scenario, type ScenarioName } from './scenarios.ts'
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
    const result = await runScenario(name, options, tools, plan)
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

async function runScenario(name: ScenarioName, options: Options, tools: Tools, plan: Plan): Promise<ScenarioResult> {
  const scenario: Scenario = SCENARIOS[name]
  const failures: Failure[] = []
  const contestants: { peer: PeerName; configuration: Configuration; rounds: Round[] }[] = []
  say(`\n${name}: ${scenario.title}`)
  for (const peer of peersOf(scenario, options)) {
    const distribution = PEERS[peer].distribution
    if (distribution && !tools.versions.has(distribution)) {
      failures.push({ peer, reason: 'it is not installed' })
      continue
    }
    const tuned = await tune(peer, scenario, options, plan)
    if ('reason' in tuned) failures.push(tuned)
    else contestants.push({ peer, configuration: tuned, rounds: [] })
  }
  for (let turn = 1; turn <= options.rounds; turn++)
    for (const contestant of contestants) {
      const { peer, configuration, rounds } = contestant
      if (failures.some((failure) => failure.peer === peer)) continue
      const round = await attempt(`${turn}/${options.rounds}`, peer, scenario, configuration, plan)
      if ('reason' in round) failures.push(round)
      else rounds.push(round)
    }
  const peers = contestants.filter(({ peer }) => !failures.some((failure) => failure.peer === peer))
  return { scenario: name, peers, failures }
}

function peersOf(scenario: Scenario, options: Options): PeerName[] {
  const wanted = options.peers ?? scenario.peers
  return scenario.peers.filter((peer) => peer === 'dram' || wanted.includes(peer))
}

/** The configuration of the peer's grid that does best in one round. */
async function tune(
  peer: PeerName,
  scenario: Scenario,
  options: Options,
  plan: Plan,
): Promise<Configuration | Failure> {
  const grid: Configuration[] = PEERS[peer].grid(scenario.workers)
  if (grid.length === 1 || !scenario.isTuned || options.isSmoke) return grid[0]!
  let best: { configuration: Configuration; score: number } | null = null
  let failure: Failure | null = null
  for (const configuration of grid) {
    const round = await attempt('grid', peer, scenario, configuration, plan)
    if ('reason' in round) failure = round
    else {
      const score = scoreOf(round, scenario)
      if (!best || score > best.score) best = { configuration, score }
    }
  }
  return best?.configuration ?? failure!
}

/** More is better. */
function scoreOf({ figures }: Round, { metrics: [main] }: Scenario): number {
  const value = figures[main] ?? 0
  return METRICS[main].better === 'more' ? value : -value
}

async function attempt(
  turn: string,
  peer: PeerName,
  scenario: Scenario,
  configuration: Configuration,
  plan: Plan,
): Promise<Round | Failure> {
  const label = `  ${turn.padEnd(5)} ${peer.padEnd(17)} ${configurationText(configuration).padEnd(32)}`
  try {
    const round = await measure(peer, scenario, configuration, plan)
    say(`${label} ${figuresText(round, scenario)}`)
    return round
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    say(`${label} failed: ${reason}`)
    return { peer, reason: `${configurationText(configuration)}: ${reason}` }
  }
}

function figuresText({ figures }: Round, { metrics }: Scenario): string {
  return metrics.map((name) => `${figures[name]?.toFixed(METRICS[name].digits)} ${METRICS[name].title}`).join(' · ')
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
