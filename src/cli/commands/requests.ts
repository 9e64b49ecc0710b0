import { requestsView, requestsWithHeaders } from '../views/requests.ts'
import { JSON_OPTION, remoteCommand } from './remoteCommand.ts'

export const requests = remoteCommand({
  usage: 'requests [options]',
  summary: 'Show the requests that run and wait now.',
  about:
    'Shows the requests that run or wait for a worker now, the oldest first. Cookies, authorization and other secrets among their headers are masked.',
  options: { ...JSON_OPTION, '--headers': { metavar: '', help: 'With their header lines.' } },

  async run({ remote, has, look, say }) {
    const all = await remote().requests()
    if (has('--json')) say([JSON.stringify({ requests: all }, null, 2)])
    else say((has('--headers') ? requestsWithHeaders : requestsView)(all, look))
    return 0
  },
})
