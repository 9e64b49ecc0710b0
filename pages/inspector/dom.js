/**
 * An element. What it holds is put in as text: nothing of a request is ever read as HTML.
 * `on`: handlers by event; `data`: data-* attributes; `false`, null and undefined leave an attribute out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {{ on?: Record<string, (event: any) => void>, data?: Record<string, string>, [name: string]: unknown }} [attributes]
 * @param {...(Node | string | number | false | null | undefined)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, { on = {}, data = {}, ...attributes } = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value))
  }
  for (const [name, value] of Object.entries(data)) element.dataset[name] = value
  for (const [event, handler] of Object.entries(on)) element.addEventListener(event, handler)
  for (const child of children) {
    if (child !== false && child !== null && child !== undefined)
      element.append(child instanceof Node ? child : String(child))
  }
  return element
}

/** An element of the page that is always there. @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id)
}

/** Names and what they are. Rows without a value are left out.
 * @param {readonly (readonly [name: string, value: Node | string | number | null])[]} rows
 */
export function facts(rows) {
  const kept = rows.filter(([, value]) => value !== null && value !== '')
  return h(
    'dl',
    { class: 'facts' },
    ...kept.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )
}

let hiding = 0

/** Says something at the page's edge, for a while. @param {string} text */
export function toast(text) {
  const place = byId('toast')
  place.textContent = text
  place.classList.add('shown')
  clearTimeout(hiding)
  hiding = setTimeout(() => place.classList.remove('shown'), 6_000)
}

/**
 * One stop of the Tab key for many things: the arrow keys, Home and End move between them.
 * @param {HTMLElement} holder @param {string} selector
 */
export function roving(holder, selector) {
  const items = () => /** @type {HTMLElement[]} */ ([...holder.querySelectorAll(selector)])
  for (const [at, item] of items().entries()) item.tabIndex = at === 0 ? 0 : -1
  holder.addEventListener('keydown', (event) => {
    const all = items()
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement))
    const to = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: all.length - 1,
    }[event.key]
    const next = to === undefined || at < 0 ? undefined : all[to]
    if (next === undefined) return
    event.preventDefault()
    for (const item of all) item.tabIndex = item === next ? 0 : -1
    next.focus()
  })
}
