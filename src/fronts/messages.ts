import type { FromFront, Message, ToFront, TravellingFault } from '../events/fronts.ts'
import { Fault, isFaultCode } from '../faults/fault.ts'
import type { Where } from '../listen/listener.ts'
import type { TlsMaterial } from '../listen/tls/material.ts'
import type { ServerLine } from '../server/lines.ts'
import type { Settings } from '../settings/registry.ts'

export type MessageToFront = Message<ToFront<Settings, Where, TlsMaterial>>
export type MessageFromFront = Message<FromFront<ServerLine>>

/** Of an Error, a copy between threads keeps the text only. */
export function packed({ code, message, trace, hint }: Fault): TravellingFault {
  return { code, message, trace, hint }
}

export function unpacked({ code, message, trace, hint }: TravellingFault): Fault {
  const fault = new Fault(isFaultCode(code) ? code : 'INTERNAL', {}, trace, hint)
  fault.message = message
  return fault
}
