import { fileURLToPath } from 'node:url'

/** What Python programs outside of a worker import dram from. */
export const PYTHON_PACKAGE = fileURLToPath(new URL('../../../python/package', import.meta.url))
