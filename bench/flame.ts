/**
 * `node build/bench/flame.js INPUT OUTPUT.svg TITLE`: a flame graph. INPUT is a `.cpuprofile` of V8's (`node --cpu-prof`),
 * or lines of folded stacks (`a;b;c 12`, as `py-spy record --format raw` and perf's tools write them).
 * Of a `.cpuprofile` it also prints the share of each folder of src/, by where the time was spent itself.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { type Folded, flameGraph } from './plots/flame.ts'
import { type CpuProfile, foldedOf, sharesOf } from './profile.ts'

const [input, output, title = ''] = process.argv.slice(2)
if (input === undefined || output === undefined) throw new Error('usage: flame.js INPUT OUTPUT.svg [TITLE]')
const text = readFileSync(input, 'utf8')
const profile: CpuProfile | null = input.endsWith('.cpuprofile') ? JSON.parse(text) : null
const folded = profile === null ? parseFolded(text) : foldedOf(profile)
writeFileSync(
  output,
  flameGraph(folded, { title, note: 'Width is time on the processor; a call stands on its caller.' }),
)
if (profile !== null)
  for (const [room, share] of sharesOf(profile))
    process.stdout.write(`${(share * 100).toFixed(1).padStart(5)} %  ${room}\n`)

function parseFolded(lines: string): Folded {
  const folded = new Map<string, number>()
  for (const line of lines.split('\n')) {
    const [, stack, weight] = /^(.+) (\d+)$/.exec(line) ?? []
    if (stack !== undefined) folded.set(stack, (folded.get(stack) ?? 0) + Number(weight))
  }
  return folded
}
