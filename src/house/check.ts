import type { WorkerFacts } from '../events/worker.ts'
import type { Settings } from '../settings/registry.ts'
import { Cleanup } from './cleanup.ts'
import { takeGround } from './ground.ts'
import { keepHeapSmall } from './heap.ts'
import { House } from './house.ts'
import type { Launch } from './launch.ts'
import { Stops } from './stops.ts'

/** One worker that nobody can reach, and nothing left behind that a running server would miss. */
const APART: Partial<Settings> = {
  workers: { least: 1, most: 1 },
  fronts: 1,
  preload: 'never',
  user: null,
  group: null,
  pidfile: null,
  control: false,
  runtimeDir: null,
  logFile: '-',
  logLevel: 'critical',
  accessLog: null,
  syslog: null,
  statsd: null,
  adminBind: [],
  bind: [],
  metricsMergePython: false,
}

/**
 * Loads the application in a worker and ends it: does it serve? Opens no port and runs as who we are.
 * @returns what the worker says of itself. Throws the faults of a start: APP_*, PYTHON_*.
 */
export async function check(launch: Launch): Promise<WorkerFacts> {
  keepHeapSmall()
  const cleanup = new Cleanup()
  const apart: Launch = {
    ...launch,
    loaded: { ...launch.loaded, settings: { ...launch.loaded.settings, ...APART }, warnings: [] },
  }
  try {
    const ground = await takeGround(apart, (pid) => house.server.requestOf(pid), cleanup)
    const house: House = new House(apart, ground, new Stops(), cleanup)
    return await house.load()
  } finally {
    await cleanup.run()
  }
}
