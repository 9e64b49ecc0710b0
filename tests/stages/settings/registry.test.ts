import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS } from '../../../src/faults/table.ts'
import { defaultSettings } from '../../../src/settings/load.ts'
import { fileKey, rowOf, SETTING_KEYS, variable } from '../../../src/settings/registry.ts'

test('every default can be read, and is written as it is shown', () => {
  const defaults = defaultSettings()
  for (const key of SETTING_KEYS) {
    const { default: given, reader } = rowOf(key)
    const value = defaults[key]
    if (given === null) equal(value, null, key)
    else equal(reader.show(value), [given].flat().join(','), key)
  }
})

test('flags, short flags, variables and file keys are unique', () => {
  for (const nameOf of [fileKey, variable, (key: (typeof SETTING_KEYS)[number]) => rowOf(key).short ?? key]) {
    equal(new Set(SETTING_KEYS.map(nameOf)).size, SETTING_KEYS.length)
  }
})

test('help and why are sentences', () => {
  for (const key of SETTING_KEYS) {
    const { help, why, flag } = rowOf(key)
    for (const text of [help, why]) match(text, /^\S.*\.$/, key)
    ok(flag === '' || /^--[a-z]+(-[a-z]+)*$/.test(flag), flag)
  }
})

test('the flags that hints of faults speak of exist', () => {
  const ofCommands = ['--help', '--pid'] // of dram status and its like
  const flags = new Set([...SETTING_KEYS.map((key) => rowOf(key).flag), ...ofCommands])
  const spoken = Object.values(FAULTS).flatMap(({ hint }) => hint.match(/--[a-z-]+[a-z]/g) ?? [])
  deepEqual(
    spoken.filter((flag) => !flags.has(flag)),
    [],
  )
})
