import type { Bystander } from './bystander.ts'
import type { ConnectionWitness, RequestWitness } from './witness.ts'

type Safely = <T>(deed: () => T | null | undefined) => T | null

/**
 * The same, but what it throws is told to `bug`, and then it has nothing to say: no request is harmed by who stands
 * beside it.
 */
export function harmless(bystander: Bystander, bug: (error: unknown) => void): Required<Bystander> {
  const safely: Safely = (deed) => {
    try {
      return deed() ?? null
    } catch (error) {
      bug(error)
      return null
    }
  }
  return {
    deskFor: (request) => safely(() => bystander.deskFor(request)),
    finish: (request, head) => safely(() => bystander.finish(request, head)),
    faultPage: (request, fault) => safely(() => bystander.faultPage(request, fault)),
    connected: (connection) => {
      const witness = safely(() => bystander.connected?.(connection))
      return witness === null ? null : harmlessConnection(witness, safely)
    },
  }
}

function harmlessConnection(witness: ConnectionWitness, safely: Safely): ConnectionWitness {
  return {
    client: witness.client,
    request: (exchange) => {
      const told = safely(() => witness.request(exchange))
      return told === null ? null : harmlessRequest(told, safely)
    },
  }
}

function harmlessRequest(witness: RequestWitness, safely: Safely): RequestWitness {
  return new Proxy(witness, {
    get:
      (told, name: keyof RequestWitness) =>
      (...facts: unknown[]): void =>
        void safely(() => Reflect.apply(told[name], told, facts)),
  })
}
