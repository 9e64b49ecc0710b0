import { statusView } from '../views/status.ts'
import { JSON_OPTION, remoteCommand } from './remoteCommand.ts'

export const status = remoteCommand({
  usage: 'status [options]',
  summary: 'Show a running server and its workers.',
  about:
    'Shows a running server: its state, its generations if there is more than one, and of each worker the requests it has answered, the share of its time that it spent in the application, its memory (resident set size) and the oldest request that it runs.',
  options: JSON_OPTION,

  async run({ remote, has, look, say }) {
    const facts = await remote().status()
    say(has('--json') ? [JSON.stringify(facts, null, 2)] : statusView(facts, look))
    return 0
  },
})
