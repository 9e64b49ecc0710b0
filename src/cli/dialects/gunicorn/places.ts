import { resolve } from 'node:path'
import type { Values } from '../verdict.ts'

/** A path as Gunicorn means it: from the folder it changes to. */
export function within(all: Values, path: string): string {
  return typeof all.chdir === 'string' ? resolve(all.chdir, path) : path
}
