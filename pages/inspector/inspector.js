/** @import { Journey } from '../../src/dev/inspector/journey.ts' */
import { api, listen } from './api.js'
import { byId, h, toast } from './dom.js'
import { openEditor } from './edit.js'
import { drawJourney } from './journey.js'
import { RequestList } from './list.js'

/** How long changes of what is shown wait for more of them. */
const REDRAW_MS = 150

const list = new RequestList()
const page = /** @type {HTMLElement} */ (byId('journey'))
/** The request that is shown: `#12` of the address, `#12/worker` with a stage. @type {number | null} */
let shown = null
/** @type {Journey | null} */
let journey = null
let isPaused = false
let isDrawing = false
let isStale = false

/** What the address asks for. @returns {{ number: number | null, stage: string }} */
function asked() {
  const [, number, stage = ''] = /^#(\d+)(?:\/(\w+))?$/.exec(location.hash) ?? []
  return { number: number === undefined ? null : Number(number), stage }
}

async function follow() {
  if (location.hash === '#journey') return page.focus()
  const { number, stage } = asked()
  if (number !== shown) {
    shown = number
    list.select(number)
    document.body.dataset.shows = number === null ? 'list' : 'journey'
    await draw(true)
  }
  if (stage !== '') byId(`${stage}-title`)?.focus()
}

/** @param {boolean} isNew */
async function draw(isNew) {
  const number = shown
  if (number === null)
    return blank(
      'Choose a request to see its way through the server: how its bytes become a call, and the call becomes bytes.',
    )
  try {
    const drawn = await api.journey(number)
    if (number !== shown) return // another was chosen meanwhile
    journey = drawn
  } catch (error) {
    if (number === shown) blank(messageOf(error))
    return
  }
  const focused = document.activeElement?.id ?? ''
  page.classList.toggle('plays', isNew)
  page.replaceChildren(...drawJourney(journey, { replay, edit, curl, back }))
  document.title = `#${number} ${journey.method} ${journey.target} – Inspector`
  if (isNew) page.scrollTo(0, 0)
  // Who has gone to a title while this was fetched is there still.
  if (focused !== '' && document.activeElement === document.body) byId(focused)?.focus({ preventScroll: isNew })
}

/** What is told while it is drawn, or right after, is drawn together: a stream has much to tell. */
async function redraw() {
  isStale = true
  if (isDrawing) return
  isDrawing = true
  while (isStale) {
    isStale = false
    await draw(false)
    await new Promise((resolve) => setTimeout(resolve, REDRAW_MS))
  }
  isDrawing = false
}

/** @param {string} text */
function blank(text) {
  journey = null
  document.title = 'Inspector'
  page.replaceChildren(h('p', { class: 'blank' }, text))
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error))

/** Does it, and says what came of it if it fails. @param {() => Promise<void>} deed */
async function attempt(deed) {
  try {
    await deed()
  } catch (error) {
    toast(messageOf(error))
  }
}

/** @param {number} number */
function go(number) {
  location.hash = `#${number}`
}

function replay() {
  attempt(async () => {
    if (shown !== null) go((await api.replay(shown)).number)
  })
}

function edit() {
  const replayOf = shown
  openEditor(journey, async (request) => go((await api.send(request, replayOf)).number))
}

function curl() {
  attempt(async () => {
    if (shown === null) return
    const { command } = await api.curl(shown)
    const isCopied = await navigator.clipboard.writeText(command).then(
      () => true,
      () => false,
    )
    toast(isCopied ? `Copied: ${command}` : command)
  })
}

function back() {
  location.hash = ''
  list.focus()
}

async function load() {
  const { journeys, isPaused: is } = await api.journeys()
  list.fill(journeys)
  list.select(shown)
  paused(is)
  if (journey?.state === 'running') redraw() // what was told of it meanwhile, nobody has heard
}

/** @param {boolean} is */
function paused(is) {
  isPaused = is
  byId('pause').setAttribute('aria-pressed', String(is))
  live(is ? 'paused' : 'live')
}

/** @param {'live' | 'paused' | 'no connection'} state @param {string} [text] */
function live(state, text = state) {
  byId('live').textContent = text
  byId('live').dataset.state = state
}

/** @param {KeyboardEvent} event */
function key(event) {
  const isTyping = event.target instanceof Element && event.target.closest('input, textarea, dialog') !== null
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === 'Escape' && event.target === byId('filter')) return list.focus()
  if (isTyping || event.defaultPrevented) return
  const isInList = event.target === document.body || byId('list').contains(event.target)
  const step = { j: 1, k: -1, ArrowDown: isInList ? 1 : 0, ArrowUp: isInList ? -1 : 0 }[event.key] ?? 0
  if (step !== 0) move(step)
  else if (event.key === '/') byId('filter').focus()
  else if (event.key === 'Enter' && isInList) byId('title')?.focus()
  else if (event.key === 'Escape') list.focus()
  else return
  event.preventDefault()
}

/** @param {number} by */
function move(by) {
  const number = list.beside(by)
  if (number === null) return
  history.replaceState(null, '', `#${number}`)
  follow()
  list.focus()
}

listen({
  open: () => attempt(load),
  lost: (isForGood) => live('no connection', isForGood ? 'started anew: open the link that it printed' : undefined),
  journey(summary) {
    list.put(summary)
    if (summary.number === shown) redraw()
  },
  paused,
  cleared() {
    list.fill([])
    if (shown !== null) location.hash = ''
  },
})
addEventListener('hashchange', follow)
document.addEventListener('keydown', key)
byId('pause').addEventListener('click', () => attempt(() => api.pause(!isPaused)))
byId('clear').addEventListener('click', () => attempt(() => api.clear()))
byId('new').addEventListener('click', () =>
  openEditor(null, async (request) => go((await api.send(request, null)).number)),
)
shown = -1 // so that the first look draws, whatever is asked for
follow()
