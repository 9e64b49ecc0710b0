import { versionLine } from '../../house/version.ts'
import { readArguments } from '../../settings/arguments.ts'
import { commonHelp, paragraph } from '../help.ts'
import { COMMON_SWITCHES, type Command } from './command.ts'
import { checkApplication, sourceOf } from './serve.ts'

export const check: Command = {
  usage: 'check [APP] [options]',
  summary: 'Read the settings and load the application, as serve would, and end.',

  help: (columns) => `Usage: dram check [APP] [options]

${paragraph('Reads the settings and loads the application in a worker, as dram serve would with the same options, variables and files, and ends: with 0 if it could serve, else with what is wrong and its exit code (docs/faults.md). Nothing is listened at, and no file of a running server is touched: for the step of a deployment before the reload.', columns)}

${commonHelp()}
`,

  async run(argv, world) {
    const { given, switches } = readArguments(argv, COMMON_SWITCHES)
    if (switches.has('--help')) world.out(check.help(world.columns))
    else if (switches.has('--version')) world.out(versionLine())
    else {
      const source = sourceOf(given, world)
      world.out(await checkApplication(await source.read(), source.keeper()))
    }
    return 0
  },
}
