import { Fault } from '../faults/fault.ts'
import type { World } from './command.ts'
import { COMMANDS } from './commands.ts'
import { overview } from './help.ts'
import { versionLine } from './version.ts'

/** Runs a command line, and says on `world.err` why it failed. The exit code. */
export async function main(argv: readonly string[], world: World & { err(text: string): void }): Promise<number> {
  try {
    return await dispatch(argv, world)
  } catch (error) {
    const fault = error instanceof Fault ? error : internal(error)
    world.err(report(fault))
    return fault.row.exit ?? 1
  }
}

async function dispatch(argv: readonly string[], world: World): Promise<number> {
  const [first = '', ...rest] = argv
  if (Object.hasOwn(COMMANDS, first)) return COMMANDS[first]!.run(rest, world)
  if (first === '--help' || first === '-h') world.out(overview(summaries(), world.columns))
  else if (first === '--version' || first === '-V') world.out(versionLine())
  else return COMMANDS.serve!.run(argv, world)
  return 0
}

function summaries(): [usage: string, summary: string][] {
  return Object.values(COMMANDS).map(({ usage, summary }) => [usage, summary])
}

function internal(error: unknown): Fault {
  const detail = error instanceof Error ? error.message : String(error)
  return new Fault('INTERNAL', { detail }, error instanceof Error ? error.stack : '')
}

/** One sentence on top, the trace below it if there is one, then the way out. */
function report({ code, message, trace, hint }: Fault): string {
  const lines = [`dram: ${code}: ${message}`, ...(trace ? [trace.trimEnd()] : []), `hint: ${hint}`]
  return `${lines.join('\n')}\n`
}
