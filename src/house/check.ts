import type { WorkerFacts } from '../events/worker.ts'
import { APART } from './apart.ts'
import { Cleanup } from './cleanup.ts'
import { takeGround } from './ground.ts'
import { keepHeapSmall } from './heap.ts'
import { House } from './house.ts'
import type { Launch } from './launch.ts'
import { Stops } from './stops.ts'

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
    return await house.loadFirst()
  } finally {
    await cleanup.run()
  }
}
