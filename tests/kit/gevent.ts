import { execFileSync } from 'node:child_process'
import { PYTHON } from './server.ts'

/** Why it can't be used here, or false. */
export const noGevent = hasGevent() ? false : 'gevent is not installed'

function hasGevent(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import gevent'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
