import { execFile } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type LiveServer, type Scope, start } from '../tests/kit/server.ts'
import { machineFacts } from './machine.ts'
import { prepareTools, type Tools } from './tools.ts'

/** What the benches that are run by hand share. */

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
export const APPS = join(ROOT, 'bench/apps')

/** What wrk says of a load; durations in microseconds. */
export interface Figures {
  readonly requests: number
  readonly microseconds: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Answers of 400 and above, answers that took over two seconds, connections that failed. */
  readonly status: number
  readonly timeout: number
  readonly socket: number
}

export async function wrk(url: string, connections: number, seconds: number): Promise<Figures> {
  const { stdout } = await promisify(execFile)('wrk', [
    ...['--threads', '1', '--connections', `${connections}`, '--duration', `${seconds}s`],
    ...['--script', join(ROOT, 'bench/wrk.lua'), url],
  ])
  return JSON.parse(/^RESULT (.*)$/m.exec(stdout)![1]!)
}

/** Runs a bench: everything it starts is ended with it, whatever happens. */
export async function byHand(title: string, bench: (scope: Scope, tools: Tools) => Promise<void>): Promise<void> {
  const ends: (() => unknown)[] = []
  const end = async () => {
    for (const last of ends.splice(0).reverse()) await last()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void end().then(() => process.exit(1)))
  const { cores, 'load average before': load } = machineFacts()
  say(`## ${title}\n\n${cores} cores, load average before: ${load}\n`)
  try {
    await bench({ after: (last: () => unknown) => void ends.push(last) } as Scope, prepareTools(ROOT, say))
  } finally {
    await end()
  }
}

/** dram with an application of bench/apps/. */
export function dram(scope: Scope, tools: Tools, module: string, args: readonly string[]): Promise<LiveServer> {
  return start(scope, `${module}:application`, args, { cwd: APPS, python: join(tools.bin, 'python') })
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  say([line(columns), line(columns.map(() => '-')), ...rows.map(line), ''].join('\n'))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** `--rounds 5` of a command line. */
export function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}
