import { Fault } from '../faults/fault.ts'
import type { FaultCode } from '../faults/table.ts'
import { type Outcome, tellParent } from '../house/offspring.ts'
import { versionLine } from '../house/version.ts'
import { nearest } from '../kit/nearest.ts'
import type { World } from './commands/command.ts'
import { COMMANDS } from './commands/commands.ts'
import { overview } from './help.ts'
import { printable } from './views/words.ts'

/** Runs a command line, and says on `world.err` why it failed. The exit code. */
export async function main(argv: readonly string[], world: World & { err(text: string): void }): Promise<number> {
  try {
    return await dispatch(argv, world)
  } catch (error) {
    const fault = error instanceof Fault ? error : internal(error)
    const exit = COMMANDS[argv[0] ?? '']?.exitOf?.(fault) ?? fault.row.exit ?? 1
    const text = report(fault, hintOf(fault, argv))
    world.err(text)
    tellBirth(world, { kind: 'failed', exit, text })
    return exit
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

/** Whoever started us to serve, and waits to hear how that went. */
function tellBirth({ inherited }: World, outcome: Outcome): void {
  const birth = inherited?.birth
  if (birth !== undefined && birth.kind !== 'started') tellParent(birth.report, outcome)
}

function summaries(): [usage: string, summary: string][] {
  return Object.values(COMMANDS).map(({ usage, summary }) => [usage.replace(' [options]', ''), summary])
}

function internal(error: unknown): Fault {
  const detail = error instanceof Error ? error.message : String(error)
  return new Fault('INTERNAL', { detail }, error instanceof Error ? error.stack : '')
}

/** What there is no application for may have been meant as a command. */
const NO_APPLICATION: ReadonlySet<FaultCode> = new Set(['APP_NOT_FOUND', 'USAGE'])

function hintOf({ code, hint }: Fault, [first = '']: readonly string[]): string {
  if (!NO_APPLICATION.has(code) || Object.hasOwn(COMMANDS, first) || /^did you mean/.test(hint)) return hint
  const meant = nearest(first, Object.keys(COMMANDS))
  return meant === null ? hint : `did you mean dram ${meant}? ${hint}`
}

/** One sentence on top, the trace below it if there is one, then the way out. What a server told drives no terminal. */
function report({ code, message, trace }: Fault, hint: string): string {
  const lines = [`dram: ${code}: ${message}`, ...(trace ? [trace.trimEnd()] : []), `hint: ${hint}`]
  return printable(`${lines.join('\n')}\n`, '\n\t')
}
