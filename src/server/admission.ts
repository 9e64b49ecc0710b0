import type { Fault } from '../faults/fault.ts'
import type { ClientOwner, ClientSocket } from '../listen/client.ts'
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
  readonly #leaving = new Set<Leaving>()

  refuse(client: ClientSocket, fault: Fault, lines: string): void {
    const leaving = new Leaving(client, () => this.#leaving.delete(leaving))
    this.#leaving.add(leaving)
    client.start(leaving)
    const asked = { isHead: false, minor: 1, keepAlive: false, mustClose: true } as const
    client.text(faultAnswer(asked, fault, lines))
    client.end()
    if (this.#leaving.size > MOST_LEAVING) for (const oldest of this.#leaving) return void oldest.client.destroy()
  }

  /** Ends those that are still leaving. */
  close(): void {
    for (const { client } of this.#leaving) client.destroy()
  }
}

/** Its request must be read before the close, or the kernel's reset would overtake the answer. */
class Leaving implements ClientOwner {
  readonly client: ClientSocket
  readonly #closed: () => void
  #hasSent = false

  constructor(client: ClientSocket, closed: () => void) {
    this.client = client
    this.#closed = closed
  }

  clientSent(): void {
    this.#hasSent = true
    if (this.client.hasSaidEnd) this.client.destroy()
  }

  clientHeardEnd(): void {
    if (this.#hasSent) this.client.destroy()
  }

  clientEnded(): void {}
  clientTook(): void {}

  clientClosed(): void {
    this.#closed()
  }
}
