import { parseArgs } from 'node:util'
import { PEER_NAMES, type PeerName } from './peers.ts'
import { DEFAULT_NAMES, peersOf, SCENARIO_NAMES, type ScenarioName, scenarioOf } from './scenarios.ts'

export interface Options {
  readonly scenarios: readonly ScenarioName[]
  /** Null: those that each scenario names. */
  readonly peers: readonly PeerName[] | null
  readonly rounds: number
  readonly seconds: number
  /** Every peer in every round, and every grid anew. */
  readonly isAll: boolean
  /** The grids are tried anew. */
  readonly isFresh: boolean
  /** Nothing but the grids. */
  readonly isTuneOnly: boolean
  readonly isSmoke: boolean
  /** The executable of the dram that is measured; null: this checkout's. */
  readonly dram: string | null
  /** That of another dram, which is measured as one more peer; null: none. */
  readonly beside: string | null
  /** Where the result goes; null: bench/results/, or .cache/bench/ for a smoke run. */
  readonly out: string | null
}

const CHOSEN_PEERS = PEER_NAMES.filter((name) => name !== 'beside')

export const HELP = `npm run bench -- [options]

  --scenarios A,B   ${wrapped(SCENARIO_NAMES)}
                    [those of the goals: ${DEFAULT_NAMES.length} of ${SCENARIO_NAMES.length}]
  --peers A,B       ${wrapped(CHOSEN_PEERS)}
                    [those the goals name; dram is always there]
  --rounds N        Rounds of each scenario; the peers take turns in each. [3]
  --seconds N       Load in one round. [3]
  --all             Every scenario with every peer in every round, and the grids anew.
  --grid            Tries the peers' grids anew, and keeps what is found.
  --tune            Only the trials of the grids for which nothing is kept (or of all, with --grid).
  --smoke           One short round, to see that everything runs; the figures mean nothing.
  --dram PATH       The executable of another build of dram, measured instead of this one.
  --beside PATH     The same, measured as one more peer.
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
      all: { type: 'boolean', default: false },
      grid: { type: 'boolean', default: false },
      tune: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      dram: { type: 'string' },
      beside: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const usual = values.all || values.smoke ? SCENARIO_NAMES : DEFAULT_NAMES
  return {
    scenarios: values.scenarios === undefined ? usual : names(values.scenarios, SCENARIO_NAMES),
    peers: values.peers === undefined ? null : names(values.peers, CHOSEN_PEERS),
    rounds: values.tune ? 0 : count(values.rounds, values.smoke ? 1 : 3),
    seconds: count(values.seconds, values.smoke ? 1 : 3),
    isAll: values.all,
    isFresh: values.all || values.grid,
    isTuneOnly: values.tune,
    isSmoke: values.smoke,
    dram: values.dram ?? null,
    beside: values.beside ?? null,
    out: values.out ?? null,
  }
}

/** Who takes part in a scenario. */
export function chosenPeers(name: ScenarioName, options: Options): PeerName[] {
  const { isAll, isSmoke, peers, beside } = options
  const there = peersOf(name, isAll || peers !== null)
  const chosen = there.filter((peer) => peer === 'dram' || (peer !== 'beside' && (peers?.includes(peer) ?? true)))
  const [dram, ...others] = isSmoke && !isAll && !peers ? fewOf(name, chosen) : chosen
  return [dram!, ...(beside ? (['beside'] as const) : []), ...others]
}

/** In a smoke run each peer is seen in one scenario, and each scenario of the goals with one peer. */
function fewOf(name: ScenarioName, chosen: readonly PeerName[]): PeerName[] {
  if (name === 'flask') return [...chosen]
  return chosen.slice(0, scenarioOf(name).isDefault ? 2 : 1)
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

function wrapped(list: readonly string[]): string {
  const lines = ['']
  for (const name of list) {
    const line = lines.at(-1)!
    if (line.length + name.length > 72) lines.push(name)
    else lines[lines.length - 1] = line ? `${line}, ${name}` : name
  }
  return lines.join(',\n                    ')
}
