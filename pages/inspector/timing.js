/** @import { Journey } from '../../src/dev/inspector/journey.ts' */
import { h } from './dom.js'
import { time } from './format.js'

/** A bar of the time between the marks, and what they are in words. @param {Journey} journey */
export function timingBar({ marks, tookMs, cameAt }) {
  const last = marks.at(-1)
  if (last === undefined) return h('p', { class: 'hint' }, 'No times are known.')
  const endMs = Math.max(tookMs ?? Date.now() - Date.parse(cameAt), last.atMs) // the server's clock is this machine's
  const parts = marks.map((mark, at) => ({ ...mark, forMs: Math.max(0, (marks[at + 1]?.atMs ?? endMs) - mark.atMs) }))
  const bar = h('div', { class: 'bar', 'aria-hidden': 'true' })
  for (const { stage, what, atMs, forMs } of parts) {
    const part = h('span', { class: `part ${stage}`, title: `${what}: ${time(atMs)}, then ${time(forMs)}` })
    part.style.flexGrow = String((1_000 * forMs) / (endMs || 1)) // a sum below 1 would leave a gap
    bar.append(part)
  }
  const words = parts.map(({ stage, what, atMs, forMs }) => {
    const isLast = atMs === endMs
    return h(
      'li',
      { title: `at ${time(atMs)}` },
      h('span', { class: `dot ${stage}` }),
      `${what} `,
      h('span', { class: 'for' }, isLast ? `at ${time(atMs)}` : `+${time(forMs)}`),
    )
  })
  return h('section', { class: 'timing', 'aria-label': 'Times' }, bar, h('ol', {}, ...words))
}
