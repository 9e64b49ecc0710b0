import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, writeSync } from 'node:fs'
import type { Readable } from 'node:stream'

/** How the start of another dram went, as it told its parent. */
export type Outcome =
  | { readonly kind: 'ready' }
  /** `text`: what it said of its failure, as it would stand on a terminal. */
  | { readonly kind: 'failed'; readonly exit: number; readonly text: string }
  /** It ended without a word. */
  | { readonly kind: 'ended'; readonly why: string }

export interface Offspring {
  readonly pid: number
  readonly outcome: Promise<Outcome>
  kill(signal: NodeJS.Signals): void
  /** Ours may end before it does. */
  release(): void
}

export interface Start {
  readonly folder: string
  readonly variables: NodeJS.ProcessEnv
  /** What its descriptors are: a number of ours; null: closed. */
  readonly descriptors: readonly (number | null)[]
  /** The descriptor on which it reports. */
  readonly report: number
  /** In a session of its own, without our terminal. */
  readonly isDetached: boolean
}

/** Starts this same command once more: the Node that runs, the dram that was found then, the same arguments. */
export function startAnother({ folder, variables, descriptors, report, isDetached }: Start): Offspring {
  const stdio = descriptors.map((number) => number ?? 'ignore') as (number | 'ignore' | 'pipe')[]
  while (stdio.length <= report) stdio.push('ignore')
  stdio[report] = 'pipe'
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    cwd: folder,
    env: variables,
    stdio,
    detached: isDetached,
  })
  return {
    pid: child.pid ?? -1,
    outcome: outcomeOf(child, child.stdio[report] as Readable),
    kill: (signal) => child.kill(signal),
    release: () => child.unref(),
  }
}

function outcomeOf(child: ChildProcess, pipe: Readable): Promise<Outcome> {
  return new Promise((resolve) => {
    let told = ''
    pipe.setEncoding('utf8').on('data', (text: string) => {
      told += text
      if (told.endsWith('\n')) resolve(JSON.parse(told) as Outcome)
    })
    pipe.on('error', () => {}) // its end is told by the process
    child.on('error', (error) => resolve({ kind: 'ended', why: error.message }))
    child.on('close', (code, signal) => resolve({ kind: 'ended', why: signal ?? `exit code ${code}` }))
  })
}

/** Tells the parent that waits on this descriptor, if it still does; once. */
export function tellParent(report: number, outcome: Outcome): void {
  try {
    writeSync(report, `${JSON.stringify(outcome)}\n`)
    closeSync(report)
  } catch {
    // it has gone: then nobody needs to know
  }
}
