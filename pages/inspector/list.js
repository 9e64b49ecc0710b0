/** @import { JourneySummary } from '../../src/dev/inspector/journey.ts' */
import { byId, h } from './dom.js'
import { clock, time } from './format.js'
import { badge } from './journey.js'

/** How long a screen reader is left alone between two sentences. */
const NEWS_MS = 2_000
/** The server keeps fewer. */
const MOST_ROWS = 300

/** The requests, the newest at the top. */
export class RequestList {
  /** @type {Map<number, { summary: JourneySummary, row: HTMLElement }>} */
  #known = new Map()
  /** @type {number | null} */
  #selected = null
  /** @type {JourneySummary[]} */
  #news = []

  constructor() {
    byId('filter').addEventListener('input', () => this.#filter())
  }

  /** All at once. @param {readonly JourneySummary[]} summaries */
  fill(summaries) {
    this.#known.clear()
    byId('list').replaceChildren()
    for (const summary of summaries) this.#put(summary)
    this.#filter()
  }

  /** A new one, or what has changed of one. @param {JourneySummary} summary */
  put(summary) {
    if (!this.#known.has(summary.number)) this.#tell(summary)
    this.#put(summary)
    if (this.#known.size > MOST_ROWS) this.#forget()
    this.#filter()
  }

  /** The oldest one. */
  #forget() {
    const [number] = this.#known.keys()
    if (number === undefined) return
    this.#known.get(number)?.row.remove()
    this.#known.delete(number)
  }

  /** @param {number | null} number */
  select(number) {
    this.#selected = number
    for (const [each, { row }] of this.#known) this.#mark(row, each)
    if (number !== null) this.#known.get(number)?.row.scrollIntoView({ block: 'nearest' })
  }

  /** The number of the one so many places below the selected one, as shown; null: there is none. @param {number} by */
  beside(by) {
    const shown = this.#shown()
    const at = this.#selected === null ? -1 : shown.indexOf(this.#selected)
    return shown[at < 0 ? 0 : at + by] ?? null
  }

  /** Puts the focus on the selected one, or the first. */
  focus() {
    const number = this.#selected ?? this.beside(0)
    if (number !== null) this.#known.get(number)?.row.querySelector('a')?.focus()
  }

  /** @param {JourneySummary} summary */
  #put(summary) {
    const old = this.#known.get(summary.number)
    const row = rowOf(summary)
    const hadFocus = old?.row.contains(document.activeElement)
    this.#mark(row, summary.number)
    if (old === undefined) byId('list').prepend(row)
    else old.row.replaceWith(row)
    if (hadFocus) row.querySelector('a')?.focus()
    this.#known.set(summary.number, { summary, row })
  }

  /** @param {HTMLElement} row @param {number} number */
  #mark(row, number) {
    const link = row.querySelector('a')
    if (number === this.#selected) link?.setAttribute('aria-current', 'true')
    else link?.removeAttribute('aria-current')
  }

  #shown() {
    return [...this.#known]
      .filter(([, { row }]) => !row.hidden)
      .map(([number]) => number)
      .reverse()
  }

  #filter() {
    const words = byId('filter').value.toLowerCase().split(/\s+/).filter(Boolean)
    for (const { summary, row } of this.#known.values()) row.hidden = !fits(summary, words)
    const shown = this.#shown().length
    const all = this.#known.size
    byId('count').textContent = shown === all ? String(all) : `${shown} of ${all}`
    byId('none').hidden = shown > 0
    byId('none').textContent =
      all === 0 ? `No request came yet. Try: curl ${location.origin}/` : 'None fits the filter.'
  }

  /** Not each at once: many come in a second. @param {JourneySummary} summary */
  #tell(summary) {
    this.#news.push(summary)
    if (this.#news.length > 1) return
    setTimeout(() => {
      const last = this.#news.at(-1)
      const count = this.#news.length
      this.#news = []
      if (last === undefined) return
      const { method, target, status } = this.#known.get(last.number)?.summary ?? last
      byId('news').textContent =
        `${count > 1 ? `${count} requests came, the last: ` : ''}${method || 'refused'} ${target} ${status || ''}`
    }, NEWS_MS)
  }
}

/** Whether all words are found: in method and target, "4xx", a status, a state. @param {JourneySummary} summary @param {readonly string[]} words */
export function fits({ method, target, status, state, fault }, words) {
  const tags = [
    method.toLowerCase(),
    String(status),
    `${Math.floor(status / 100)}xx`,
    state,
    (fault ?? '').toLowerCase(),
  ]
  return words.every((word) => tags.includes(word) || target.toLowerCase().includes(word))
}

/** @param {JourneySummary} summary */
function rowOf(summary) {
  const { number, method, target, tookMs, cameAt, replayOf, fault } = summary
  return h(
    'li',
    {},
    h(
      'a',
      { href: `#${number}` },
      badge(summary),
      h('span', { class: 'what' }, h('b', {}, method || 'Not read'), ' ', target || fault || ''),
      h('small', {}, `#${number} ${clock(cameAt)}`, replayOf !== null && ` repeats #${replayOf}`),
      h('small', { class: 'took' }, tookMs === null ? 'goes on' : time(tookMs)),
    ),
  )
}
