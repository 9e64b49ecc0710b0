import type { Given, Origin } from '../../settings/given.ts'
import type { Dialect, Extension } from '../../settings/load.ts'
import type { Section } from './ini.ts'

/** Where a key of the section was said. */
export type OriginOf = (name: string) => Origin

/** A section [server:…], said as settings. */
export interface ServerSection {
  /** As strong as a settings file. */
  readonly given: readonly Given[]
  readonly dialect: Dialect | null
  readonly extension: Extension | null
}

export type ReadServer = (section: Section, originOf: OriginOf) => ServerSection
