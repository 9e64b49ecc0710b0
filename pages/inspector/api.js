/** @import { Journey, JourneySummary } from '../../src/dev/inspector/journey.ts' */

/** What the server is asked for: src/dev/inspector/README.md. */
const API = '/-/inspector/api/'

/** @param {string} path @param {RequestInit} [init] @returns {Promise<any>} */
async function ask(path, init) {
  const answer = await fetch(API + path, init)
  const told = await answer.json().catch(() => ({ says: `the server answered ${answer.status}` }))
  if (!answer.ok) throw new Error(told.says ?? `the server answered ${answer.status}`)
  return told
}

/** @param {string} path @param {unknown} [body] */
const post = (path, body = {}) =>
  ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })

/** @typedef {{ method: string, target: string, headers: [string, string][], body: string } | { raw: string }} Sent */

export const api = {
  /** @returns {Promise<{ journeys: JourneySummary[], isPaused: boolean }>} */
  journeys: () => ask('journeys'),
  /** @param {number} number @returns {Promise<Journey>} */
  journey: (number) => ask(`journeys/${number}`),
  /** @param {number} number @returns {Promise<{ command: string }>} */
  curl: (number) => ask(`journeys/${number}/curl`),
  /** @param {number} number @returns {Promise<{ number: number }>} */
  replay: (number) => post(`journeys/${number}/replay`),
  /** @param {Sent} request @param {number | null} replayOf @returns {Promise<{ number: number }>} */
  send: (request, replayOf) => post('send', { ...request, replayOf }),
  /** @param {boolean} isPaused */
  pause: (isPaused) => post('pause', { isPaused }),
  clear: () => post('clear'),
}

/**
 * What the server tells, as long as the page is looked at: a browser opens six connections to one address, for all its
 * tabs. The browser itself connects again where the server was gone; not where it is refused, as by another server that
 * knows nothing of our token.
 * @param {{ open(): void, lost(isForGood: boolean): void, journey(one: JourneySummary): void, paused(isPaused: boolean): void, cleared(): void }} hears
 */
export function listen(hears) {
  /** @type {EventSource | null} */
  let source = null
  const look = () => {
    source?.close()
    source = document.hidden ? null : connect(hears)
  }
  document.addEventListener('visibilitychange', look)
  look()
}

/** @param {Parameters<typeof listen>[0]} hears */
function connect(hears) {
  const source = new EventSource(`${API}events`)
  const told = (/** @type {Event} */ event) => JSON.parse(/** @type {MessageEvent} */ (event).data)
  source.addEventListener('open', () => hears.open())
  source.addEventListener('error', () => hears.lost(source.readyState === EventSource.CLOSED))
  source.addEventListener('journey', (event) => hears.journey(told(event)))
  source.addEventListener('paused', (event) => hears.paused(told(event).isPaused))
  source.addEventListener('cleared', () => hears.cleared())
  return source
}
