import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/**
 * V8 doubles its new space under load up to 48 MiB (Node 20) or 96 MiB (Node 26), which would be half of the front's
 * memory. Our garbage is small and dies at once: half of this size and twice of it serve as many requests
 * (bench, scenario memory). There is no call for it, and the flag that bounds it is read before any code runs; the one
 * that says how fast it grows is read at every growth.
 */
const NEW_SPACE_BYTES = 8 * 1024 ** 2

/**
 * Keeps the front small: the new space grows up to its bound and no further, and the middle compiler of newer V8s is
 * left out: the top one takes over at the same speed, and its code and memory for compiling are 9 MiB (Node 26).
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--no-maglev')
  const observer = new PerformanceObserver(() => {
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    if (space === undefined || space.space_size < NEW_SPACE_BYTES) return
    setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
  })
  observer.observe({ entryTypes: ['gc'] })
}
