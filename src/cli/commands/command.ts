import type { Fault } from '../../faults/fault.ts'
import type { Inherited } from '../../house/birth.ts'
import type { Variables } from '../../settings/variables.ts'
import type { Terminal } from '../terminal.ts'

/** What a command has around it; a test passes its own. */
export interface World {
  readonly variables: Variables
  /** What whoever started us left for us alone; left out: nothing. */
  readonly inherited?: Inherited
  /** The working folder, absolute. */
  readonly folder: string
  /** Width of the terminal in characters. */
  readonly columns: number
  /** Where the output is shown; null or left out: it goes to a file or a pipe. */
  readonly terminal?: Terminal | null
  out(text: string): void
  /** Beside the output; left out: nowhere. */
  err?(text: string): void
  /** A server of this process has begun to serve. */
  served?(): void
}

/** A word of the command line: `dram NAME …`. A file per command, a row per command in `commands.ts`. */
export interface Command {
  readonly usage: string
  readonly summary: string
  help(columns: number): string
  /** The exit code. @throws Fault */
  run(argv: readonly string[], world: World): Promise<number>
  /** With what the process ends after this fault; left out: as the table of faults says. */
  exitOf?(fault: Fault): number
}

/** Flags every command knows. */
export const COMMON_SWITCHES = {
  '--help': '--help',
  '-h': '--help',
  '--version': '--version',
  '-V': '--version',
} as const
