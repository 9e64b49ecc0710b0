import { Fault } from '../../faults/fault.ts'
import { versionLine } from '../../house/version.ts'
import type { Loaded } from '../../settings/load.ts'
import { gunicornExit } from '../dialects/gunicorn/exits.ts'
import { helpText } from '../dialects/gunicorn/help.ts'
import { readLine } from '../dialects/gunicorn/line.ts'
import { GunicornSettings } from '../dialects/gunicorn/load.ts'
import type { Command } from './command.ts'
import { startServer } from './serve.ts'

export const gunicorn: Command = {
  usage: 'gunicorn [OPTIONS] [APP]',
  summary: 'Serve with the command line and configuration file of Gunicorn.',
  help: helpText,

  exitOf: gunicornExit,

  async run(argv, world) {
    const line = readLine(argv, 'command line')
    const settings = new GunicornSettings(line, world)
    if (line.switches.has('help')) world.out(helpText(world.columns))
    else if (line.switches.has('version')) world.out(versionLine())
    else
      return startServer(
        async () => withApp((await settings.read()).loaded),
        world,
        () => settings.keeper,
      )
    return 0
  },
}

function withApp(loaded: Loaded): Loaded {
  if (loaded.settings.app === null && loaded.settings.paste === null)
    throw new Fault(
      'USAGE',
      { detail: 'no application is named' },
      '',
      'name it (MODULE:NAME), or set wsgi_app in the configuration file',
    )
  return loaded
}
