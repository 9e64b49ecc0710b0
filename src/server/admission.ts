import type { Socket } from 'node:net'
import type { Fault } from '../faults/fault.ts'
import { faultAnswer } from '../respond/fault.ts'

/** Those turned away hold a descriptor until they have heard it: so many at most, the oldest go first. */
const MOST_LEAVING = 6
/** Descriptors for files of the logs, of look-ups, and for those who are turned away. */
const RESERVE = 12
/** Of what is left, so much goes to clients; the rest is for files: spooled bodies, files handed over. */
const CLIENTS_SHARE = 0.75

export interface DescriptorPlan {
  readonly maxConnections: number
  readonly maxSpoolFiles: number
}

/** Shares out the descriptors that are free. `wanted`: --max-connections, 0 for as many as there are. */
export function planDescriptors(free: number, perWorker: number, workers: number, wanted: number): DescriptorPlan {
  const available = Math.max(8, free - perWorker * workers - RESERVE)
  const maxConnections = wanted > 0 ? wanted : Math.floor(available * CLIENTS_SHARE)
  return { maxConnections, maxSpoolFiles: Math.max(2, available - maxConnections) }
}

/** Turns clients away that are too many, each with an answer: a closed connection alone says nothing. */
export class Refuser {
  readonly #leaving = new Set<Socket>()

  refuse(socket: Socket, fault: Fault, lines: string): void {
    this.#leaving.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#leaving.delete(socket))
    // Its request must be read before the close, or the kernel's reset would overtake the answer.
    socket.on('data', () => {
      if (socket.writableFinished) socket.destroy()
      else socket.once('finish', () => socket.destroy())
    })
    const asked = { isHead: false, minor: 1, keepAlive: false, mustClose: true } as const
    socket.end(faultAnswer(asked, fault, lines), 'latin1')
    if (this.#leaving.size > MOST_LEAVING) for (const oldest of this.#leaving) return void oldest.destroy()
  }

  /** Ends those that are still leaving. */
  close(): void {
    for (const socket of this.#leaving) socket.destroy()
  }
}
