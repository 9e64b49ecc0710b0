import { takeInherited } from '../house/birth.ts'
import { workingFolder } from '../house/disk.ts'
import { forgetLostTerminals } from '../house/hangup.ts'
import { main } from './main.ts'
import { systemTerminal } from './terminal.ts'

let resolveServing = (): void => {}

/** Resolves once a server has begun to serve: all that a start needs has run by then (bin/bundle.js). */
export const serving = new Promise<void>((resolve) => {
  resolveServing = resolve
})

/** Rejects with what `main` doesn't know; else the process ends. Not awaited here: a bundle can't wait while it loads. */
export const ended: Promise<never> = start()

async function start(): Promise<never> {
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
    served: () => resolveServing(),
  })
  forgetLostTerminals()
  process.exit(code)
}
