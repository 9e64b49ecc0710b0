import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { chosenPeers, HELP, readOptions } from '../../../bench/options.ts'
import { PEERS } from '../../../bench/peers.ts'
import { DEFAULT_NAMES, peersOf, SCENARIO_NAMES, SCENARIOS } from '../../../bench/scenarios.ts'

test('without options: the scenarios of the goals, three rounds, this dram', () => {
  deepEqual(readOptions([]), {
    scenarios: DEFAULT_NAMES,
    peers: null,
    rounds: 3,
    seconds: 3,
    isAll: false,
    isFresh: false,
    isTuneOnly: false,
    isSmoke: false,
    dram: null,
    beside: null,
    out: null,
  })
})

test('names are chosen, in the order given; others are refused with those there are', () => {
  const options = readOptions(['--scenarios', 'idle,hello', '--peers', 'bjoern', '--rounds', '5'])
  deepEqual([options?.scenarios, options?.peers, options?.rounds], [['idle', 'hello'], ['bjoern'], 5])
  throws(() => readOptions(['--scenarios', 'helo']), /there is no helo, only hello/)
  throws(() => readOptions(['--peers', 'apache']), /there is no apache/)
  throws(() => readOptions(['--rounds', '0']), /0 is not a count/)
  throws(() => readOptions(['--what']), /--what/)
})

test('--all is every scenario, with grids anew; a smoke run is every scenario, once', () => {
  const all = readOptions(['--all'])
  deepEqual([all?.scenarios, all?.isFresh], [SCENARIO_NAMES, true])
  const smoke = readOptions(['--smoke'])
  deepEqual([smoke?.scenarios, smoke?.isFresh, smoke?.rounds], [SCENARIO_NAMES, false, 1])
})

test('--tune measures nothing', () => {
  const tune = readOptions(['--tune', '--rounds', '5'])
  deepEqual([tune?.rounds, tune?.isTuneOnly], [0, true])
})

test('who takes part: those the scenario names, those chosen, everybody', () => {
  const peers = (...argv: string[]) => chosenPeers('hello', readOptions(argv)!)
  deepEqual(peers(), ['dram', 'granian', 'bjoern'])
  deepEqual(peers('--peers', 'waitress'), ['dram', 'waitress'])
  deepEqual(peers('--beside', 'x', '--peers', 'bjoern'), ['dram', 'beside', 'bjoern'])
  deepEqual(
    peers('--all').toSorted(),
    Object.keys(PEERS)
      .filter((name) => name !== 'beside')
      .toSorted(),
  )
})

test('a smoke run sees every peer', () => {
  const smoke = readOptions(['--smoke'])!
  const seen = new Set(SCENARIO_NAMES.flatMap((name) => chosenPeers(name, smoke)))
  deepEqual(
    [...seen].toSorted(),
    Object.keys(PEERS)
      .filter((name) => name !== 'beside')
      .toSorted(),
  )
})

test('the help names every scenario and every option', () => {
  equal(readOptions(['--help']), null)
  for (const name of [...SCENARIO_NAMES, '--all', '--smoke', '--beside', '--grid']) ok(HELP.includes(name), name)
})

test('every scenario has dram first, and a grid it can follow', () => {
  for (const name of SCENARIO_NAMES) {
    equal(peersOf(name, false)[0], 'dram', name)
    equal(peersOf(name, true)[0], 'dram', name)
    const { gridOf } = SCENARIOS[name]
    ok(gridOf === null || SCENARIO_NAMES.some((other) => other === gridOf), `${name} follows ${gridOf}`)
  }
})

test('every peer has a command for whatever it is asked', () => {
  const folders = { apps: '/apps', data: '/data', servers: '/servers', bin: '/bin', dram: ['dram'], beside: ['other'] }
  for (const [name, { grid, command }] of Object.entries(PEERS))
    for (const configuration of grid([2, 1])) {
      const words = command({ ...configuration, port: 4711, module: 'hello', extra: [], folders })
      ok(
        words.some((word) => word.includes('4711')),
        name,
      )
      ok(
        words.some((word) => word.includes('hello')),
        name,
      )
    }
})
