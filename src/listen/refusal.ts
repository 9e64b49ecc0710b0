import { Fault } from '../faults/fault.ts'
import type { FaultCode } from '../faults/table.ts'

const CODES: Readonly<Record<string, FaultCode>> = {
  EADDRINUSE: 'BIND_IN_USE',
  EACCES: 'BIND_FORBIDDEN',
  EPERM: 'BIND_FORBIDDEN',
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this host has no such address',
  EAFNOSUPPORT: 'this host does not speak that protocol',
  EAI_AGAIN: 'the name cannot be resolved now',
  EINVAL: 'that is not a stream socket that can listen',
  EBADF: 'no such descriptor was inherited',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  ENOTFOUND: 'there is no such host',
  EROFS: 'the file system is read-only',
}

/** The fault for a system error met on the way to listening at `address`. */
export function refusal(address: string, error: unknown): Fault {
  if (error instanceof Fault) return error
  const code = errorCode(error)
  const fault = CODES[code]
  if (fault !== undefined) return new Fault(fault, { detail: address })
  return failed(address, WORDS[code] ?? (code || String(error)))
}

export function failed(address: string, why: string): Fault {
  return new Fault('BIND_FAILED', { detail: `${address}: ${why}` })
}

export function errorCode(error: unknown): string {
  return String((error as NodeJS.ErrnoException | null)?.code ?? '')
}
