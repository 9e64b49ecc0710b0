import { readPlain } from '../../settings/file.ts'
import type { ReadServer } from './server.ts'

/** `use = egg:dram#main`: settings as in dram.toml, lists a line each or with commas. */
export const ownServer: ReadServer = (section, originOf) => {
  const given = [...section].map(([name, { value }]) => readPlain(name.replaceAll('_', '-'), value, originOf(name)))
  return { given, dialect: null, extension: null }
}
