import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'

/** What a result depends on; no name of the machine. */
export function machineFacts(): Record<string, string> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: `${cpus().length}`,
    memory: `${(totalmem() / 1024 ** 3).toFixed(1)} GiB`,
    kernel: release().split('-')[0]!,
    'load average before': loadavg()[0]!.toFixed(2),
  }
}

/** The version of a checkout's package, and its commit where it is known. */
export function dramVersion(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const commit = said('git', ['-C', root, 'rev-parse', '--short=12', 'HEAD'])
  const isChanged = said('git', ['-C', root, 'status', '--porcelain', '--', 'src', 'python', 'wire', 'bin'])
  return [version, ...(commit ? [commit] : []), ...(isChanged ? ['with changes'] : [])].join(' ')
}

/** Empty when it fails. */
export function said(command: string, argv: readonly string[]): string {
  try {
    return execFileSync(command, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}
