import { remoteCommand } from './remoteCommand.ts'

export const upgrade = remoteCommand({
  usage: 'upgrade [options]',
  summary: 'Replace the whole server, its own program too.',
  about:
    'Starts a new server with the listening sockets of the running one, and waits until it serves; the old one finishes what it has begun and ends. The same as SIGUSR2.',

  async run({ remote, say }) {
    const server = remote()
    const { pid } = await server.upgrade()
    say([`pid ${pid} serves; pid ${server.server.pid} finishes what it has begun`])
    return 0
  },
})
