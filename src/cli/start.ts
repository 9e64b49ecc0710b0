import { takeInherited } from '../house/birth.ts'
import { workingFolder } from '../house/disk.ts'
import { forgetLostTerminals } from '../house/hangup.ts'
import { main } from './main.ts'
import { systemTerminal } from './terminal.ts'

// A reader that has gone (`dram --help | head -1`) is no failure of ours.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const inherited = takeInherited(process.env, process.pid)
const code = await main(process.argv.slice(2), {
  variables: process.env,
  inherited,
  folder: workingFolder(process.env.PWD),
  columns: process.stdout.columns ?? 80,
  terminal: systemTerminal(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
forgetLostTerminals()
process.exit(code)
