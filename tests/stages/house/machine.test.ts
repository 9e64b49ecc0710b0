import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { autoWorkers, type Machine } from '../../../src/house/machine.ts'

const GIB = 1024 ** 3

function machine(files: Record<string, string>, own: Partial<Machine> = {}): Machine {
  return { processors: 8, memoryBytes: 64 * GIB, read: (path) => files[path] ?? null, ...own }
}

test('affinity and memory bound the workers; there is always one', () => {
  equal(autoWorkers(machine({})), 8)
  equal(autoWorkers(machine({}, { memoryBytes: GIB / 2 })), 4)
  equal(autoWorkers(machine({}, { memoryBytes: 1 })), 1)
})

test('control groups, version 2: the tightest of the group and those around it', () => {
  const files = {
    '/proc/self/cgroup': '0::/shop/web\n',
    '/sys/fs/cgroup/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/shop/cpu.max': '350000 100000\n',
    '/sys/fs/cgroup/shop/web/cpu.max': 'max 100000\n',
  }
  equal(autoWorkers(machine(files)), 3)
  equal(autoWorkers(machine({ ...files, '/sys/fs/cgroup/shop/memory.max': `${GIB / 4}\n` })), 2)
  equal(autoWorkers(machine({ ...files, '/sys/fs/cgroup/shop/web/memory.max': 'max\n' })), 3)
})

test('control groups, version 1, in a container that sees its group as the root', () => {
  const files = {
    '/proc/self/cgroup': '4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '150000\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  }
  equal(autoWorkers(machine(files)), 1)
  equal(autoWorkers(machine({ ...files, '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' })), 8)
  equal(autoWorkers(machine({ '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${GIB / 2}\n` })), 4)
})
