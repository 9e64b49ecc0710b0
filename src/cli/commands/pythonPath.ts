import { PYTHON_PACKAGE } from '../../house/pythonPackage.ts'
import { paragraph } from '../help.ts'
import { readOptions } from '../options.ts'
import type { Command } from './command.ts'

export const pythonPath: Command = {
  usage: 'python-path',
  summary: 'Print the folder from which Python programs can import dram (for PYTHONPATH, or pip install).',

  help: (columns) => `Usage: dram python-path

${paragraph('Prints the folder of the Python package dram, for programs that start the server themselves: import dram; dram.serve(app). Workers need none of it. Either of these will do:', columns)}

  PYTHONPATH=$(dram python-path) python myapp.py
  pip install $(dram python-path)

${paragraph('pip is needed for egg:dram#main in the files of PasteDeploy, which finds servers only among what is installed.', columns)}
`,

  async run(argv, world) {
    const { values } = readOptions(argv, { '--help': { metavar: '', help: 'Show this help.' } }, { '-h': '--help' })
    world.out(values.has('--help') ? pythonPath.help(world.columns) : `${PYTHON_PACKAGE}\n`)
    return 0
  },
}
