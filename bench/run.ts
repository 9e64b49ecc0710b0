/** `npm run bench [-- OPTIONS]`: dram and its peers side by side. See README.md. */
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { estimateSeconds } from './attempt.ts'
import type { Plan } from './bout.ts'
import { type Contest, hold } from './contest.ts'
import { prepareData } from './data.ts'
import { GridStore } from './grid.ts'
import { killLoads } from './load/child.ts'
import { dramVersion, machineFacts, said } from './machine.ts'
import { measure } from './measure.ts'
import { chosenPeers, HELP, type Options, readOptions } from './options.ts'
import { Progress } from './progress.ts'
import { goalLines, scenarioLines } from './report.ts'
import { distributionsOf, type Report, type ScenarioResult } from './results.ts'
import { Results } from './save.ts'
import { scenarioOf } from './scenarios.ts'
import { killAll } from './server.ts'
import { prepareTools, type Tools } from './tools.ts'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const WARMUP_SECONDS = 2
const SMOKE_SHARE = 0.02

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
  const saved = new Results(
    began,
    resolve(options.out ?? join(ROOT, options.isSmoke ? '.cache/bench' : 'bench/results')),
  )
  const results: ScenarioResult[] = []
  const versions = versionsOf(options, tools)
  const report = (isWhole: boolean, some: readonly ScenarioResult[]) =>
    reportOf(began, machine, versions, options, tools, plan, some, isWhole)
  const contests = contestsOf(options, plan, tools, machine, results, (running) =>
    saved.keep(report(false, [...results, running])),
  )
  for (const contest of contests) {
    const result = await hold(contest)
    if (options.isTuneOnly) continue
    say(['', ...scenarioLines(result)].join('\n'))
    results.push(result)
    saved.keep(report(false, results))
  }
  if (options.isTuneOnly) return 0
  say(['', ...goalLines(results)].join('\n'))
  for (const file of await saved.finish(report(true, results))) say(`written: ${file}`)
  return results.every(({ peers }) => peers.some(({ peer }) => peer === 'dram')) ? 0 : 1
}

function contestsOf(
  options: Options,
  plan: Plan,
  tools: Tools,
  machine: Report['machine'],
  earlier: readonly ScenarioResult[],
  keep: Contest['keep'],
): Contest[] {
  const grid = new GridStore(
    join(ROOT, '.cache/bench/grid.json'),
    [machine.processor, `${machine.cores} cores`, tools.python].join(', '),
  )
  const planned = options.scenarios.reduce(
    (sum, name) => sum + options.rounds * chosenPeers(name, options).length * estimateSeconds(scenarioOf(name), plan),
    0,
  )
  const progress = new Progress(planned)
  return options.scenarios.map((scenario) => ({
    scenario,
    peers: chosenPeers(scenario, options),
    rounds: options.rounds,
    plan,
    grid,
    earlier,
    progress,
    say,
    keep,
    measure,
    abandon: killEverything,
    isTuned: !options.isSmoke,
    isFresh: options.isFresh,
    isBrief: !options.isAll && options.peers === null,
    version: (distribution) => tools.versions.get(distribution),
  }))
}

function planOf(options: Options, tools: Tools): Plan {
  const command = (path: string | null) => [machineNode(), path ? resolve(path) : join(ROOT, 'bin/dram')]
  const apps = join(ROOT, 'bench/apps')
  return {
    folders: {
      apps,
      data: prepareData(join(ROOT, '.cache/bench/data'), apps, join(tools.bin, 'python')),
      servers: join(ROOT, 'bench/servers'),
      bin: tools.bin,
      dram: command(options.dram),
      beside: command(options.beside),
    },
    wrkScript: join(ROOT, 'bench/load/wrk.lua'),
    seconds: options.seconds,
    warmupSeconds: options.isSmoke ? 0 : WARMUP_SECONDS,
    share: options.isSmoke ? SMOKE_SHARE : 1,
  }
}

/** Of everything but the peers. */
function versionsOf(options: Options, tools: Tools): Report['versions'] {
  const checkout = (path: string | null) => (path ? dirname(dirname(resolve(path))) : ROOT)
  return {
    dram: dramVersion(checkout(options.dram)),
    ...(options.beside ? { beside: dramVersion(checkout(options.beside)) } : {}),
    Node: said(machineNode(), ['--version']).slice(1),
    Python: tools.python,
    flask: tools.versions.get('flask') ?? 'missing',
    django: tools.versions.get('django') ?? 'missing',
  }
}

function reportOf(
  began: string,
  machine: Report['machine'],
  versions: Report['versions'],
  options: Options,
  tools: Tools,
  { seconds, warmupSeconds }: Plan,
  results: readonly ScenarioResult[],
  isWhole: boolean,
): Report {
  const peers = distributionsOf(results).map((name) => [name, tools.versions.get(name) ?? 'missing'] as const)
  return {
    began,
    isWhole,
    isSmoke: options.isSmoke,
    machine,
    versions: { ...versions, ...Object.fromEntries(peers) },
    method: { rounds: options.rounds, seconds, warmupSeconds },
    results,
  }
}

/** Inside npm, PATH's node is our tools'; what is measured runs on the machine's, as its user has it. */
function machineNode(): string {
  const node = process.env.npm_node_execpath
  return node && existsSync(node) ? node : process.execPath
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function killEverything(): void {
  killLoads()
  killAll()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    killEverything()
    process.exit(1)
  })

// What is measured must not end what was measured: an error that nobody waited for is said, and the run goes on.
for (const kind of ['unhandledRejection', 'uncaughtException'] as const)
  process.on(kind, (error: unknown) => say(`an error that nobody waited for: ${error}`))

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`)
  process.exitCode = 1
} finally {
  killEverything()
}
