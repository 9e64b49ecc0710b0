export interface StartFacts {
  readonly version: string
  /** `http://127.0.0.1:8000` or `unix:/run/app.sock`, in the order of `--bind`. */
  readonly addresses: readonly string[]
  readonly application: string
  readonly implementation: string
  readonly python: string
  readonly interpreter: string
  readonly workers: number
  readonly threads: number
}

/** What a start says, a message each. */
export function startLines(facts: StartFacts): string[] {
  return [
    `dram ${facts.version} serves ${facts.application}`,
    ...facts.addresses.map((address) => `listening on ${address}`),
    `${facts.implementation} ${facts.python} (${facts.interpreter})`,
    `${counted(facts.workers, 'worker')} × ${counted(facts.threads, 'thread')}`,
  ]
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
