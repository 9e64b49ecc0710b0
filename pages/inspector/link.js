/** @import { EnvironEntry } from '../../src/dev/inspector/journey.ts' */

/** Which part of the request a key was made of (the names of spans.js). @type {Readonly<Record<string, string>>} */
const MADE_OF = {
  REQUEST_METHOD: 'method',
  PATH_INFO: 'path',
  SCRIPT_NAME: 'path',
  QUERY_STRING: 'query',
  RAW_URI: 'path|query',
  REQUEST_URI: 'path|query',
  SERVER_PROTOCOL: 'version',
}

/** Names of the parts, joined by `|`; '': none of its bytes. @param {EnvironEntry} entry */
export function sourcesOf({ key, from }) {
  const [, field] = /^field ([^\s,]+)/.exec(from) ?? []
  if (field !== undefined) return `field ${field.toLowerCase()}`
  if (/\bbody\b/.test(from)) return 'body'
  return /request line/.test(from) ? (MADE_OF[key] ?? '') : ''
}

/**
 * What is pointed at or has the focus lights up together with what it was made of, and what was made of it.
 * @param {HTMLElement} root
 */
export function linkSources(root) {
  const named = () => /** @type {HTMLElement[]} */ ([...root.querySelectorAll('[data-sources]')])
  const names = (/** @type {HTMLElement} */ one) => (one.dataset.sources ?? '').split('|')
  const light = (/** @type {EventTarget | null} */ target) => {
    const pointed =
      target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest('[data-sources]')) : null
    const wanted = pointed === null ? [] : names(pointed)
    for (const one of named())
      one.classList.toggle(
        'lit',
        names(one).some((name) => wanted.includes(name)),
      )
  }
  root.addEventListener('pointerover', (event) => light(event.target))
  root.addEventListener('pointerleave', () => light(document.activeElement))
  root.addEventListener('focusin', (event) => light(event.target))
  root.addEventListener('focusout', () => light(null))
}
