import { closeSync, fstatSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

/**
 * Before the end of a process whose terminal was closed: Node resets the terminals it was started with, and aborts
 * where that fails (ResetStdio, Node 20), but leaves alone what isn't the same file any more.
 */
export function forgetLostTerminals(): void {
  for (const descriptor of [0, 1, 2]) {
    if (!isLost(descriptor)) continue
    closeSync(descriptor)
    openSync('/dev/null', 'r+') // takes the lowest free number, which is this one
  }
}

/** A terminal that was closed is still a device, but none of those that can be asked. */
function isLost(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice() && !isatty(descriptor)
  } catch {
    return false
  }
}
