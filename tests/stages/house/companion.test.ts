import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import { Companion } from '../../../src/house/companion.ts'
import type { Keeper } from '../../../src/house/keeper.ts'

const EXTENSION = { module: 'some', options: { reading: 1 } }
const FACTS = { pid: 7, wanted: 2, workers: [] }

function stage(answer: () => Promise<unknown> = async () => null) {
  const asked: unknown[] = []
  const failed: string[] = []
  const keeper = {
    ask: (module: string, name: string, facts: { readonly moment: string }) => {
      asked.push([module, name, facts.moment])
      return answer()
    },
  } as unknown as Keeper
  const companion = new Companion(
    () => keeper,
    () => FACTS,
    ({ code }) => void failed.push(code),
  )
  return { companion, asked, failed }
}

test('without an extension nobody is told anything', async () => {
  const { companion, asked } = stage()
  await companion.tell('starting', { extension: null })
  companion.note('scaled')
  await companion.end()
  deepEqual(asked, [])
})

test('the end is told once the start was', async () => {
  const { companion, asked } = stage()
  await companion.tell('starting', { extension: EXTENSION })
  companion.note('scaled')
  await companion.end()
  deepEqual(asked, [
    ['some', 'moment', 'starting'],
    ['some', 'moment', 'scaled'],
    ['some', 'moment', 'ending'],
  ])
})

test('a start that fails is a fault, and has no end', async () => {
  const { companion, asked } = stage(() => Promise.reject(new Fault('HOOK_FAILED')))
  await rejects(companion.tell('starting', { extension: EXTENSION }), { code: 'HOOK_FAILED' })
  await companion.end()
  equal(asked.length, 1)
})

test('what fails later is told of, and keeps nothing from going on', async () => {
  let isBroken = false
  const { companion, failed } = stage(async () => {
    if (isBroken) throw new Fault('HOOK_FAILED')
  })
  await companion.tell('starting', { extension: EXTENSION })
  isBroken = true
  companion.note('reloaded', { extension: EXTENSION })
  await companion.end()
  deepEqual(failed, ['HOOK_FAILED', 'HOOK_FAILED'])
})
