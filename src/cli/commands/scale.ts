import { usage } from '../options.ts'
import { remoteCommand } from './remoteCommand.ts'

export const scale = remoteCommand({
  usage: 'scale N [options]',
  summary: 'Change the number of workers.',
  about:
    'Has a running server keep N workers. Workers that are too many finish what they run. A restart goes back to --workers.',
  words: [1, 1],

  async run({ remote, words: [word], say }) {
    if (!/^\d{1,4}$/.test(word!)) throw usage(`the number of workers must be a number, not ${JSON.stringify(word)}`)
    const server = remote()
    const { workersWanted } = await server.status()
    await server.scale(Number(word))
    say([`workers: ${workersWanted.now} → ${Number(word)}`])
    return 0
  },
})
