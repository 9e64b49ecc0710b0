import { ok } from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { soak } from '../soak/soak.ts'

const SECONDS = 15

test(`${SECONDS} seconds of mixed load with reloads, recycling and kills`, { timeout: 120_000 }, async (t) => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}: again with node build/tests/soak/soak.js --minutes ${SECONDS / 60} --seed ${seed}`)
  const outcome = await soak(t, { seconds: SECONDS, seed, lanes: 16, say: (line) => t.diagnostic(line) })
  t.diagnostic(JSON.stringify(outcome))
  ok(outcome.requests > 500, `only ${outcome.requests} requests`)
  ok(outcome.reloads > 0 && outcome.recycled > 0)
})
