import { Fault } from '../faults/fault.ts'
import { readArguments } from '../settings/arguments.ts'
import { type Loaded, load } from '../settings/load.ts'
import { REGISTRY } from '../settings/registry.ts'
import { COMMON_SWITCHES, type Command } from './command.ts'
import { lookAtDisk } from './disk.ts'
import { commonHelp, paragraph, settingsHelp } from './help.ts'
import { autoWorkers } from './machine.ts'
import { versionLine } from './version.ts'

export const serve: Command = {
  usage: 'serve [APP] [options]',
  summary: 'Serve an application (the word serve may be left out).',

  help: (columns) => `Usage: dram serve [APP] [options]
       dram [APP] [options]

${paragraph(`${REGISTRY.app.help} ${REGISTRY.app.why}`, columns)}

${settingsHelp(columns)}

Other:
${commonHelp()}

${paragraph('Each option can also be a variable (--max-body: DRAM_MAX_BODY) or a line of dram.toml or of [tool.dram] in pyproject.toml (max-body = "1GiB"). The command line is stronger than variables, variables are stronger than the file. See what is in force with: dram settings', columns)}
`,

  async run(argv, world) {
    const { given, switches } = readArguments(argv, COMMON_SWITCHES)
    if (switches.has('--help')) world.out(serve.help(world.columns))
    else if (switches.has('--version')) world.out(versionLine())
    else {
      const loaded = withWorkers(load(given, world.variables, world.folder))
      checkFolder(loaded.settings.chdir)
      const { run } = await import('./run.ts') // only now: help and version need no server
      return run(loaded)
    }
    return 0
  },
}

/** `--workers auto` as a number. */
function withWorkers(loaded: Loaded): Loaded {
  if (loaded.settings.workers !== 0) return loaded
  return { ...loaded, settings: { ...loaded.settings, workers: autoWorkers() } }
}

function checkFolder(path: string | null): void {
  if (path !== null && lookAtDisk(path) !== 'folder') throw new Fault('FOLDER_MISSING', { detail: path })
}
