import { withoutSecrets } from '../kit/secrets.ts'

export interface StartFacts {
  readonly version: string
  /** `http://127.0.0.1:8000` or `unix:/run/app.sock`, in the order of `--bind`. */
  readonly addresses: readonly string[]
  readonly application: string
  readonly implementation: string
  readonly python: string
  readonly interpreter: string
  readonly workers: number
  /** Where there may be fewer: how many at least. */
  readonly leastWorkers?: number
  readonly threads: number
  /** Above 0: they take the place of threads. */
  readonly greenlets?: number
}

/** What a start says, a message each. */
export function startLines(facts: StartFacts): string[] {
  return [
    `dram ${facts.version} serves ${withoutSecrets(facts.application)}`,
    ...facts.addresses.map((address) => `listening on ${address}`),
    `${facts.implementation} ${facts.python} (${facts.interpreter})`,
    `${workersText(facts)} × ${facts.greenlets ? counted(facts.greenlets, 'greenlet') : counted(facts.threads, 'thread')}`,
  ]
}

function workersText({ workers, leastWorkers = workers }: StartFacts): string {
  return leastWorkers === workers ? counted(workers, 'worker') : `${leastWorkers}..${workers} workers`
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
