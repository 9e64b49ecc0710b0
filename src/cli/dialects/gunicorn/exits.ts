import type { Fault } from '../../../faults/fault.ts'
import type { FaultCode } from '../../../faults/table.ts'

const USAGE = 2 // argparse's
const WORKER_BOOT = 3
const APP_LOAD = 4
const INTERNAL = 255
const OTHERWISE = 1

const EXITS: Partial<Record<FaultCode, number>> = {
  USAGE,
  APP_NOT_FOUND: WORKER_BOOT,
  APP_IMPORT_FAILED: WORKER_BOOT,
  APP_BOOT_TIMEOUT: WORKER_BOOT,
  APP_CRASH_LOOP: WORKER_BOOT,
  HOOK_FAILED: WORKER_BOOT,
  APP_SPEC_INVALID: APP_LOAD,
  APP_ATTRIBUTE_MISSING: APP_LOAD,
  APP_NOT_CALLABLE: APP_LOAD,
  APP_IS_ASGI: APP_LOAD,
  INTERNAL,
}

/** The exit codes that service managers know of Gunicorn. */
export function gunicornExit({ code }: Fault): number {
  return EXITS[code] ?? OTHERWISE
}
