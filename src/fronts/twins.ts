import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Fault } from '../faults/fault.ts'

const PROGRAM = fileURLToPath(new URL('../../../python/dram/twins.py', import.meta.url))
const FIRST_OF_OURS = 4 // after stdin, stdout, stderr and the channel

/**
 * The same listening sockets once more, as handles that this thread may close without closing anybody else's
 * (decisions/0011). In the order given. Faults: FRONT_FAILED.
 */
export function twinsOf(python: string, descriptors: readonly number[]): Promise<object[]> {
  return new Promise((resolve, reject) => {
    const numbers = descriptors.map((_, index) => String(FIRST_OF_OURS + index))
    const child = spawn(python, ['-I', '-S', PROGRAM, ...numbers], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...descriptors],
    })
    const twins: object[] = []
    const failed = (why: string): void => reject(new Fault('FRONT_FAILED', { detail: why }))
    child.on('error', (error) => failed(error.message))
    child.on('message', (_, handle) => {
      twins.push(handle as object)
      if (twins.length < descriptors.length) return
      if (child.connected) child.disconnect()
      resolve(twins)
    })
    child.on('exit', (code, signal) => {
      if (twins.length < descriptors.length) failed(`its sockets: ${signal ?? `exit code ${code}`}`)
    })
  })
}
