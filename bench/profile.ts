import type { Folded } from './plots/flame.ts'

/** What `node --cpu-prof` writes, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Ids of nodes, and the microseconds before each. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: readonly number[]
}

/** Not on the processor. */
const AWAY: ReadonlySet<string> = new Set(['(idle)'])

/** Microseconds by stack. */
export function foldedOf(profile: CpuProfile): Folded {
  const stacks = stacksOf(profile.nodes)
  const folded = new Map<string, number>()
  for (const [id, micros] of selfMicros(profile)) {
    const stack = stacks.get(id)
    if (stack) folded.set(stack, (folded.get(stack) ?? 0) + micros)
  }
  return folded
}

/** The part of the time that was spent in each folder of src/, in Node, and in V8 and the kernel; the largest first. */
export function sharesOf(profile: CpuProfile): [room: string, share: number][] {
  const rooms = new Map<string, number>()
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  let total = 0
  for (const [id, micros] of selfMicros(profile)) {
    const frame = nodes.get(id)!.callFrame
    if (AWAY.has(frame.functionName)) continue
    const room = roomOf(frame)
    rooms.set(room, (rooms.get(room) ?? 0) + micros)
    total += micros
  }
  return [...rooms].map(([room, micros]): [string, number] => [room, micros / total]).sort(([, a], [, b]) => b - a)
}

function roomOf({ functionName, url }: ProfileNode['callFrame']): string {
  const ours = /\/src\/(\w+)\//.exec(url)?.[1]
  if (ours !== undefined) return ours
  if (functionName.startsWith('(')) return functionName
  // A function without a place is Node's C++ (its system calls count there).
  return url === '' ? `${functionName} (C++ and kernel)` : 'node'
}

function selfMicros({ samples, timeDeltas }: CpuProfile): Map<number, number> {
  const micros = new Map<number, number>()
  for (const [at, id] of samples.entries()) micros.set(id, (micros.get(id) ?? 0) + (timeDeltas[at] ?? 0))
  return micros
}

/** Names from the outermost call on; '' for what is away. */
function stacksOf(nodes: readonly ProfileNode[]): Map<number, string> {
  const parents = new Map<number, ProfileNode>()
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node)
  const stacks = new Map<number, string>()
  for (const node of nodes) {
    const names: string[] = []
    for (let at: ProfileNode | undefined = node; at !== undefined; at = parents.get(at.id)) names.unshift(nameOf(at))
    stacks.set(node.id, AWAY.has(node.callFrame.functionName) ? '' : names.slice(1).join(';'))
  }
  return stacks
}

function nameOf({ callFrame: { functionName, url } }: ProfileNode): string {
  const file = /([\w-]+)\.\w+$/.exec(url)?.[1]
  const name = functionName || '(anonymous)'
  return file === undefined ? name : `${name} · ${file}`
}
