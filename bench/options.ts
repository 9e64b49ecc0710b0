import { parseArgs } from 'node:util'
import { PEER_NAMES, type PeerName } from './peers.ts'
import { SCENARIO_NAMES, type ScenarioName } from './scenarios.ts'

export interface Options {
  readonly scenarios: readonly ScenarioName[]
  /** Null: those that each scenario names. */
  readonly peers: readonly PeerName[] | null
  readonly rounds: number
  readonly seconds: number
  readonly isSmoke: boolean
  /** The executable of the dram that is measured; null: this checkout's. */
  readonly dram: string | null
  /** Where the result goes; null: bench/results/, or .cache/bench/ for a smoke run. */
  readonly out: string | null
}

export const HELP = `npm run bench -- [options]

  --scenarios A,B   ${SCENARIO_NAMES.join(', ')} [all]
  --peers A,B       ${PEER_NAMES.join(', ')} [all; dram is always there]
  --rounds N        Rounds of each scenario; the peers take turns in each. [5]
  --seconds N       Load in one round. [5]
  --smoke           One short round, to see that everything runs; the figures mean nothing.
  --dram PATH       The executable of another build of dram.
  --out FOLDER      Where the result is written. [bench/results; .cache/bench for a smoke run]
`

/** Null when only the help is wanted. Throws with a sentence. */
export function readOptions(argv: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      scenarios: { type: 'string' },
      peers: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      dram: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  return {
    scenarios: values.scenarios === undefined ? SCENARIO_NAMES : names(values.scenarios, SCENARIO_NAMES),
    peers: values.peers === undefined ? null : names(values.peers, PEER_NAMES),
    rounds: count(values.rounds, values.smoke ? 1 : 5),
    seconds: count(values.seconds, values.smoke ? 1 : 5),
    isSmoke: values.smoke,
    dram: values.dram ?? null,
    out: values.out ?? null,
  }
}

function names<Name extends string>(list: string, known: readonly Name[]): Name[] {
  return list.split(',').map((name) => {
    const found = known.find((candidate) => candidate === name)
    if (!found) throw new Error(`there is no ${name}, only ${known.join(', ')}`)
    return found
  })
}

function count(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${text} is not a count`)
  return Number(text)
}
