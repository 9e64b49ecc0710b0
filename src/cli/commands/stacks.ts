import { usage } from '../options.ts'
import { stacksView } from '../views/stacks.ts'
import { JSON_OPTION, remoteCommand } from './remoteCommand.ts'

export const stacks = remoteCommand({
  usage: 'stacks [WORKER] [options]',
  summary: 'Show what the Python threads of the workers do.',
  about:
    "Shows the Python stacks of all threads of one worker, or of all workers, in Python's own format, and which request each thread runs. The workers go on meanwhile.",
  options: JSON_OPTION,
  words: [0, 1],

  async run({ remote, words: [word], has, look, say }) {
    const server = remote()
    const workers = await server.stacks(word === undefined ? null : workerNumber(word))
    if (has('--json')) say([JSON.stringify({ workers }, null, 2)])
    else say(stacksView(workers, await server.requests(), look))
    return 0
  },
})

function workerNumber(word: string): number {
  if (!/^\d{1,9}$/.test(word)) throw usage(`a worker is named by its number, not ${JSON.stringify(word)}`)
  return Number(word)
}
