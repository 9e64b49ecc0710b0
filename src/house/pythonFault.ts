import { execFile } from 'node:child_process'
import { Fault } from '../faults/fault.ts'
import type { Variables } from '../settings/variables.ts'

const OLDEST: readonly [major: number, minor: number] = [3, 9]
const PROBE_TIMEOUT_MS = 10_000

/**
 * The fault of an interpreter whose process failed before it could say why; null if the interpreter itself is sound.
 * Runs it once, so it is for the case of failure alone.
 */
export async function pythonFault(path: string, variables: Variables): Promise<Fault | null> {
  const probed = await probe(path, variables)
  if ('failure' in probed) return new Fault('PYTHON_BROKEN', { detail: path }, probed.failure)
  return isTooOld(probed.version) ? tooOld(path, probed.version) : null
}

/** @param version as the interpreter told it: `3.11.7` */
export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
}

export function tooOld(path: string, version: string): Fault {
  return new Fault('PYTHON_TOO_OLD', { detail: `Python ${version} (${path})` })
}

type Probed = { readonly version: string } | { readonly failure: string }

/** Asks an interpreter for its version, without its site packages and whatever PYTHON* variables would bring in. */
function probe(path: string, variables: Variables): Promise<Probed> {
  const source = "import sys; sys.stdout.write('.'.join(map(str, sys.version_info[:3])))"
  return new Promise((done) => {
    execFile(path, ['-E', '-S', '-c', source], { timeout: PROBE_TIMEOUT_MS, env: variables }, (error, out, err) => {
      const version = /^\d+\.\d+\.\d+$/.exec(out.trim())?.[0]
      if (!error && version) return done({ version })
      const spoken = (err || out).trim()
      const reason = error?.killed ? `no answer within ${PROBE_TIMEOUT_MS / 1000} s` : (error?.message ?? 'no version')
      done({ failure: spoken || reason })
    })
  })
}
