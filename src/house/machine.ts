import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'

const WORKER_MEMORY_BYTES = 128 * 1024 ** 2

/** What the system says of itself; a test passes its own. */
export interface Machine {
  /** Processors this process may run on (affinity). */
  readonly processors: number
  readonly memoryBytes: number
  /** Text of a file below /proc or /sys; null if it can't be read. */
  read(path: string): string | null
}

/** As it is now: limits of a control group change while we run. */
function thisMachine(): Machine {
  return {
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    read(path) {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        return null
      }
    },
  }
}

/** Workers for `--workers auto`: the least of affinity, CPU quota and memory by 128 MiB; at least one. */
export function autoWorkers(machine: Machine = thisMachine()): number {
  const memoryBytes = Math.min(machine.memoryBytes, memoryLimitBytes(machine))
  const least = Math.min(machine.processors, cpuQuota(machine), memoryBytes / WORKER_MEMORY_BYTES)
  return Math.max(1, Math.floor(least))
}

/** Processors' worth of time the control groups leave us. */
function cpuQuota(machine: Machine): number {
  const second = cgroupFolders(machine, '').map((folder) => {
    const [quota, period] = (machine.read(join(folder, 'cpu.max')) ?? 'max').trim().split(' ')
    return quota === 'max' ? Number.POSITIVE_INFINITY : Number(quota) / Number(period)
  })
  const first = cgroupFolders(machine, 'cpu').map((folder) => {
    const quota = Number(machine.read(join(folder, 'cpu.cfs_quota_us')) ?? -1)
    const period = Number(machine.read(join(folder, 'cpu.cfs_period_us')) ?? 100_000)
    return quota > 0 ? quota / period : Number.POSITIVE_INFINITY
  })
  return Math.min(...second, ...first)
}

function memoryLimitBytes(machine: Machine): number {
  const files = [
    ...cgroupFolders(machine, '').map((folder) => join(folder, 'memory.max')),
    ...cgroupFolders(machine, 'memory').map((folder) => join(folder, 'memory.limit_in_bytes')),
  ]
  return Math.min(...files.map((file) => Number.parseInt(machine.read(file) ?? '', 10) || Number.POSITIVE_INFINITY))
}

/**
 * The folders of our control group and of those around it, any of which may hold the limit. `controller` is '' for
 * version 2. In a container the group's own path often isn't there, but its root is the group itself.
 */
function cgroupFolders(machine: Machine, controller: string): string[] {
  const lines = (machine.read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'))
  const own = lines.find(([, controllers]) => controllers?.split(',').includes(controller))
  const steps = (own?.slice(2).join(':') ?? '').split('/').filter(Boolean)
  const root = join('/sys/fs/cgroup', controller)
  return [root, ...steps.map((_, index) => join(root, ...steps.slice(0, index + 1)))]
}
