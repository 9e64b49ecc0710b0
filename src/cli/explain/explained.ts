import type { Journey } from '../../dev/inspector/journey.ts'
import { APART } from '../../house/apart.ts'
import type { Keeper } from '../../house/keeper.ts'
import { NO_AIDS } from '../../settings/aids.ts'
import type { Loaded } from '../../settings/load.ts'
import type { World } from '../commands/command.ts'
import { lookOf } from '../commands/remoteCommand.ts'
import { startServer } from '../commands/serve.ts'
import type { Look } from '../views/grid.ts'
import { journeyView } from '../views/journey/journey.ts'
import { printable } from '../views/words.ts'
import type { Asked } from './asked.ts'
import { Errand } from './errand.ts'
import { PrivateLog, readBytes } from './files.ts'
import { type Print, printsOf } from './prints.ts'
import { cutAt, requestBytes } from './requestBytes.ts'

export interface Manner {
  readonly isJson: boolean
  /** Who says that it asks. */
  readonly agent: string
}

interface Source {
  readonly read: () => Promise<Loaded>
  readonly keeper: () => Keeper | null
}

/** Sends what is asked for to an application of its own, and prints what became of it. The exit code. @throws Fault */
export async function explained(asked: Asked, source: Source, world: World, manner: Manner): Promise<number> {
  const bytes = bytesOf(asked, world.folder, manner.agent)
  const log = new PrivateLog()
  try {
    const errand = new Errand(cutAt(bytes, asked.splits))
    await startServer(async () => apart(await source.read(), log.path), world, source.keeper, errand)
    const journeys = errand.journeys()
    const prints = printsOf(log.read())
    const text = manner.isJson ? asJson(journeys) : asText(journeys, prints, lookOf(world))
    world.out(text)
    return journeys.length > 0 && journeys.every(({ state }) => state === 'done') ? 0 : 1
  } finally {
    log.remove()
  }
}

function bytesOf(asked: Asked, folder: string, agent: string): Buffer {
  const read = (path: string): Buffer => readBytes(path, folder)
  return asked.kind === 'raw' ? read(asked.path) : requestBytes(asked, read, agent)
}

/** As it would be served, but where nobody else is, with all that is told going to a log of our own. */
function apart(loaded: Loaded, logFile: string): Loaded {
  return {
    ...loaded,
    aids: { ...NO_AIDS, tellsCalls: true },
    settings: {
      ...loaded.settings,
      ...APART,
      bind: ['http://127.0.0.1:0'],
      daemon: false,
      touchReload: [],
      logFile,
      logFormat: 'json',
      logLevel: 'error',
      logConfig: null,
      appOutput: 'log',
    },
  }
}

function asJson(journeys: readonly Journey[]): string {
  return `${JSON.stringify({ journeys }, null, 2)}\n`
}

const NOTHING = 'The bytes are not a whole request, so the server has waited for the rest of it, and nothing was run.'

function asText(journeys: readonly Journey[], prints: readonly Print[], look: Look): string {
  const views = journeys.map((journey, at) =>
    journeyView(journey, printedDuring(journey, journeys[at + 1], prints), look),
  )
  const lines = [
    ...whileLoading(journeys[0], prints),
    ...(journeys.length === 0 ? [NOTHING] : []),
    ...views.flatMap((view, at) => (at === 0 ? view : ['', '', ...view])),
  ]
  return `${lines.join('\n')}\n`
}

/** What was printed before the first request came. */
function whileLoading(first: Journey | undefined, prints: readonly Print[]): string[] {
  const cameMs = first === undefined ? Number.POSITIVE_INFINITY : Date.parse(first.cameAt)
  const lines = prints.filter(({ atWallMs }) => atWallMs < cameMs).map(({ text }) => `  ${printable(text)}`)
  return lines.length === 0 ? [] : ['While it loaded, the application printed:', ...lines, '']
}

/** What is not told with its call, and was printed after it came and before the next one did. */
function printedDuring(journey: Journey, next: Journey | undefined, prints: readonly Print[]) {
  const cameMs = Date.parse(journey.cameAt)
  const untilMs = next === undefined ? Number.POSITIVE_INFINITY : Date.parse(next.cameAt)
  const told = (journey.call?.printed ?? []).map(({ text }) => text)
  return prints
    .filter(({ atWallMs, requestId }) =>
      requestId === undefined ? atWallMs >= cameMs && atWallMs < untilMs : requestId === journey.requestId,
    )
    .filter(({ text }) => !takenFrom(told, text))
    .map(({ atWallMs, text }) => ({ atMs: atWallMs - cameMs, text }))
}

/** Was it among them? Then it isn't any more. */
function takenFrom(texts: string[], text: string): boolean {
  const at = texts.indexOf(text)
  if (at >= 0) texts.splice(at, 1)
  return at >= 0
}
