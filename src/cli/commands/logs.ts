import { usage } from '../options.ts'
import { remoteCommand } from './remoteCommand.ts'

export const logs = remoteCommand({
  usage: 'logs reopen [options]',
  summary: 'Open the log files anew, after they were moved.',
  about:
    'Has a running server open its log files anew: what a rotation has moved away is let go, and new files are begun. The same as SIGUSR1.',
  words: [1, 1],

  async run({ remote, words: [word], say }) {
    if (word !== 'reopen')
      throw usage(`dram logs knows reopen alone, not ${JSON.stringify(word)}`, 'see dram logs --help')
    await remote().reopenLogs()
    say(['the logs are open anew'])
    return 0
  },
})
