import { main } from './main.ts'

// A reader that has gone (`dram --help | head -1`) is no failure of ours.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const code = await main(process.argv.slice(2), {
  variables: process.env,
  folder: process.cwd(),
  columns: process.stdout.columns ?? 80,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
process.exit(code)
