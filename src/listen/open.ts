import { type Clock, systemClock } from '../kit/clock.ts'
import type { BindSpec } from './bind.ts'
import { openInherited } from './inherited.ts'
import { Listener, type Opened } from './listener.ts'
import { openTcp, type Target, targetsOf } from './tcp.ts'
import { openUnix } from './unix.ts'

export interface ListenOptions {
  /** How many connections may wait in the kernel to be accepted; the system has a limit of its own. */
  readonly backlog: number
  /** File mode of Unix sockets. */
  readonly unixMode: number
  readonly clock?: Clock
}

/**
 * Opens all that is asked for, or nothing.
 * Faults: BIND_IN_USE, BIND_FORBIDDEN, BIND_FAILED.
 */
export async function openListeners(specs: readonly BindSpec[], options: ListenOptions): Promise<Listener[]> {
  const targets = new Map<BindSpec, readonly Target[]>()
  for (const spec of specs) if (spec.kind === 'tcp') targets.set(spec, await targetsOf(spec))
  const all = [...targets.values()].flat()

  const opened: Opened[] = []
  try {
    for (const spec of specs) opened.push(...(await openSpec(spec, targets.get(spec) ?? [], all, options)))
  } catch (error) {
    for (const { acceptor, leave } of opened) {
      acceptor.close()
      await leave()
    }
    throw error
  }
  return opened.map((one) => new Listener(one, options.clock ?? systemClock))
}

async function openSpec(
  spec: BindSpec,
  targets: readonly Target[],
  all: readonly Target[],
  { backlog, unixMode }: ListenOptions,
): Promise<Opened[]> {
  switch (spec.kind) {
    case 'tcp':
      return openTcp(targets, all, backlog)
    case 'unix':
      return [await openUnix(spec.path, unixMode, backlog)]
    case 'fd':
      return [await openInherited(spec.fd, backlog)]
  }
}
