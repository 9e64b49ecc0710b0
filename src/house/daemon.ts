import { closeSync, constants, openSync } from 'node:fs'
import { Fault } from '../faults/fault.ts'
import type { Settings } from '../settings/registry.ts'
import type { Variables } from '../settings/variables.ts'
import { BIRTH_VARIABLE, type Birth } from './birth.ts'
import { startAnother } from './offspring.ts'

const REPORT = 3

/**
 * Starts this command in the background and waits until it serves. Its exit code if it failed, after its words.
 * Faults: DAEMON_LOGS, DAEMON_FAILED, LOG_FILE.
 */
export async function daemonize({ logFile, umask }: Settings, folder: string, variables: Variables): Promise<number> {
  if (logFile === '-') throw new Fault('DAEMON_LOGS')
  if (umask !== null) process.umask(umask)
  const nothing = openSync('/dev/null', constants.O_RDONLY)
  const log = openLog(logFile)
  const birth: Birth = { kind: 'daemon', report: REPORT }
  const daemon = startAnother({
    folder,
    variables: { ...variables, [BIRTH_VARIABLE]: JSON.stringify(birth) },
    descriptors: [nothing, log, log],
    report: REPORT,
    isDetached: true,
  })
  for (const descriptor of [nothing, log]) closeSync(descriptor)
  const giveUp = (signal: NodeJS.Signals): void => daemon.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, giveUp)
  const outcome = await daemon.outcome
  switch (outcome.kind) {
    case 'ready':
      daemon.release()
      return 0
    case 'failed':
      process.stderr.write(outcome.text)
      return outcome.exit
    case 'ended':
      throw new Fault('DAEMON_FAILED', { detail: outcome.why })
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o640)
  } catch (error) {
    throw new Fault('LOG_FILE', { detail: `${path}: ${(error as Error).message}` })
  }
}
