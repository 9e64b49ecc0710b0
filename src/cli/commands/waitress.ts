import { versionLine } from '../../house/version.ts'
import { type Loaded, load } from '../../settings/load.ts'
import { readTextFile } from '../../settings/readTextFile.ts'
import { explain } from '../dialects/explain.ts'
import { type CommandLine, readCommandLine } from '../dialects/waitress/arguments.ts'
import { helpText } from '../dialects/waitress/help.ts'
import { applicationOf, translateAdjustments } from '../dialects/waitress/waitress.ts'
import type { Command, World } from './command.ts'
import { startServer } from './serve.ts'

export const waitressServe: Command = {
  usage: 'waitress-serve [OPTS] MODULE:OBJ',
  summary: 'Serve with the command line of Waitress.',
  help: helpText,
  // There, an error of usage ends with 1, and all others with a traceback, which is 1 as well.
  exitOf: () => 1,

  async run(argv, world) {
    const line = readCommandLine(argv)
    if (line.switches.has('help')) world.out(helpText(world.columns))
    else if (line.switches.has('version')) world.out(versionLine())
    else if (line.switches.has('explain')) world.out(explained(loadLine(line, world)))
    else return startServer(async () => loadLine(line, world), world)
    return 0
  },
}

function loadLine(line: CommandLine, { variables, folder }: World): Loaded {
  const { given, dialect, extension } = translateAdjustments(line.given, (name) => ({
    kind: 'dialect',
    server: 'Waitress',
    source: 'command line',
    name: `--${name.replaceAll('_', '-')}`,
  }))
  return { ...load([...given, applicationOf(line)], variables, folder, readTextFile, dialect), extension }
}

function explained(loaded: Loaded): string {
  return explain(loaded, { command: 'dram waitress-serve', refusals: [], notes: NOTES })
}

/** What no setting says. */
const NOTES = [
  "dram serve has environ['dram.client_disconnected'] where this has environ['waitress.client_disconnected'], no REMOTE_HOST, and the working folder before all others",
]
