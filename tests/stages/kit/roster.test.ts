import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { type Enlisted, Roster } from '../../../src/kit/roster.ts'

const member = (): Enlisted => ({ rosterAt: -1 })

test('who leaves is gone, and all others stay, whatever the order', () => {
  for (const gone of [0, 1, 2, 3]) {
    const members = [member(), member(), member(), member()]
    const roster = new Roster<Enlisted>()
    for (const one of members) roster.add(one)
    const [leaver] = members.splice(gone, 1)
    roster.delete(leaver!)
    equal(roster.size, 3)
    deepEqual(new Set(roster.all()), new Set(members))
    for (const one of members) roster.delete(one)
    equal(roster.size, 0)
  }
})

test('who is in no roster, or in another, changes nothing by leaving', () => {
  const [one, two] = [new Roster<Enlisted>(), new Roster<Enlisted>()]
  const here = member()
  one.add(here)
  two.delete(here)
  one.delete(member())
  equal(one.size, 1)
  one.delete(here)
  one.delete(here)
  equal(one.size, 0)
})
