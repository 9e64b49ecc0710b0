// Runs a program of ours on the machine's own Node: inside `npm run`, PATH leads to the newer Node
// that our tools use, but what ships must be run, and tested, on the one its user has.
import { spawn } from 'node:child_process'

const node = process.env.npm_node_execpath ?? process.execPath
const child = spawn(node, process.argv.slice(2), { stdio: 'inherit' })
// A terminal sends Ctrl-C to the child itself; twice would mean: at once.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
