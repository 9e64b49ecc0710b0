import type { ReloadOutcome } from '../../events/attendant.ts'
import { remoteCommand } from './remoteCommand.ts'

export const reload = remoteCommand({
  usage: 'reload [options]',
  summary: 'Load code and settings anew, without losing a request.',
  about:
    'Loads the application and the settings anew in a new generation of workers, and waits until that serves. If it fails, the old generation goes on, and this command says why and fails, too. The same as SIGHUP.',

  async run({ remote, say }) {
    say(reloadedLines(await remote().reload()))
    return 0
  },
})

export function reloadedLines({ generation, tookMs, needRestart }: ReloadOutcome): string[] {
  return [
    `generation ${generation} serves, after ${(tookMs / 1000).toFixed(2)} s`,
    ...(needRestart.length > 0 ? [`these have changed and count only after a restart: ${needRestart.join(', ')}`] : []),
  ]
}
