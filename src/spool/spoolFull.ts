import { Fault } from '../faults/fault.ts'

const WORDS: Readonly<Record<string, string>> = {
  limit: 'the spool holds as much as it may',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'a file may not be that large',
  EMFILE: 'no descriptor is left',
  ENFILE: 'no descriptor is left',
  EIO: 'the disk fails',
}

/** The fault for bytes that can't be kept on disk; `code`: a system error's, or `limit`. */
export function spoolFull(code: string | undefined): Fault {
  return new Fault('SPOOL_FULL', { detail: WORDS[code ?? ''] ?? String(code) })
}
