import { Fault } from '../faults/fault.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { type BindSpec, bindText } from './bind.ts'
import { Handed, openHanded } from './handed.ts'
import { openInherited } from './inherited.ts'
import { Listener, type Named, type Opened } from './listener.ts'
import { removeSocketFile } from './socketFile.ts'
import { openTcp, type Target, targetsOf } from './tcp.ts'
import { type Owner, openUnix } from './unix.ts'

export interface ListenOptions {
  /** How many connections may wait in the kernel to be accepted; the system has a limit of its own. */
  readonly backlog: number
  /** File mode of Unix sockets. */
  readonly unixMode: number
  /** Null: they belong to who we are. */
  readonly owner?: Owner | null
  /** What the sockets are for, so that a successor finds those of each purpose: `bind`, `admin-bind`. */
  readonly purpose?: string
  /** Sockets of a predecessor, which are taken instead of opening new ones. */
  readonly handed?: Handed
  /** Those that this host may lack, as long as another one is there. */
  readonly optional?: ReadonlySet<BindSpec>
  readonly clock?: Clock
}

const NOTHING_HANDED = new Handed([])

/**
 * Opens all that is asked for, or nothing.
 * Faults: BIND_IN_USE, BIND_FORBIDDEN, BIND_FAILED.
 */
export async function openListeners(specs: readonly BindSpec[], options: ListenOptions): Promise<Listener[]> {
  const targets = new Map<BindSpec, readonly Target[]>()
  for (const spec of specs) if (spec.kind === 'tcp') targets.set(spec, await targetsOf(spec))
  const all = [...targets.values()].flat()
  const keys = keysOf(specs, options.purpose ?? 'bind')

  const opened: Named[] = []
  try {
    for (const [index, spec] of specs.entries()) {
      const key = keys[index]!
      const takesTls = spec.kind !== 'tcp' || spec.scheme !== 'http'
      try {
        for (const one of await openSpec(spec, key, targets.get(spec) ?? [], all, options))
          opened.push({ key, takesTls, ...one })
      } catch (error) {
        if (!mayLack(spec, error, options) || opened.length === 0) throw error
      }
    }
  } catch (error) {
    for (const { acceptor, file, isShared } of opened) {
      acceptor.close()
      if (file !== null && !isShared) await removeSocketFile(file)
    }
    throw error
  }
  return opened.map((one) => new Listener(one, options.clock ?? systemClock))
}

/** One key per spec, the same for the same settings; what is asked for twice is counted. */
function keysOf(specs: readonly BindSpec[], purpose: string): string[] {
  const seen = new Map<string, number>()
  return specs.map((spec) => {
    const text = `${purpose} ${bindText(spec)}`
    const count = (seen.get(text) ?? 0) + 1
    seen.set(text, count)
    return count === 1 ? text : `${text} #${count}`
  })
}

function mayLack(spec: BindSpec, error: unknown, { optional }: ListenOptions): boolean {
  return optional?.has(spec) === true && error instanceof Fault && error.code === 'BIND_FAILED'
}

async function openSpec(
  spec: BindSpec,
  key: string,
  targets: readonly Target[],
  all: readonly Target[],
  { backlog, unixMode, owner = null, handed = NOTHING_HANDED }: ListenOptions,
): Promise<Opened[]> {
  const known = handed.takeOf(key)
  if (known.length > 0) return Promise.all(known.map((socket) => openHanded(socket, backlog)))
  switch (spec.kind) {
    case 'tcp':
      return openTcp(targets, all, backlog, handed)
    case 'unix': {
      const there = handed.takeAt({ path: spec.path })
      return [there ? await openHanded(there, backlog) : await openUnix(spec.path, unixMode, backlog, owner)]
    }
    case 'fd':
      return [await openInherited(spec.fd, backlog)]
  }
}
