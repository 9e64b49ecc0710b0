// Property-based fuzzing for as long as one likes: node build/fuzz/run.js MODULE [RUNS] [SEED]
import fc from 'fast-check'

interface Fuzzed {
  readonly properties: Readonly<Record<string, fc.IRawProperty<unknown>>>
}

const [module = 'parse', runs = '100000', seed] = process.argv.slice(2)
const { properties } = (await import(`./${module}.js`)) as Fuzzed
for (const [name, property] of Object.entries(properties)) {
  const details = await fc.check(property, {
    numRuns: Number(runs),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  })
  console.log(details.failed ? fc.defaultReportMessage(details) : `${runs} runs, seed ${details.seed}: ${name}`)
  if (details.failed) process.exitCode = 1
}
