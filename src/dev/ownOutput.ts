import { fstatSync, statSync } from 'node:fs'

/**
 * Asks of a path: is it a file that our own standard output or error goes to? With `dram dev > out.txt` in the
 * application's folder each line that tells of a change would be the next change.
 * @param descriptors those two
 */
export function ownOutput(descriptors: readonly number[] = [1, 2]): (path: string) => boolean {
  const own = new Set(descriptors.flatMap(fileOf))
  return (path) => own.size > 0 && own.has(named(statSync(path, { bigint: true, throwIfNoEntry: false })))
}

function fileOf(descriptor: number): string[] {
  try {
    const stats = fstatSync(descriptor, { bigint: true })
    return stats.isFile() ? [named(stats)] : []
  } catch {
    return [] // it is closed
  }
}

function named(stats: { readonly dev: bigint; readonly ino: bigint } | undefined): string {
  return stats === undefined ? '' : `${stats.dev} ${stats.ino}`
}
