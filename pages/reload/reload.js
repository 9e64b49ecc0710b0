// dram dev adds this to pages that a browser on this machine shows: they reload when what they show has changed.
// Off: dram dev --no-browser-reload
{
  const MARK = Symbol.for('dram dev')
  const EVENTS = '/-/dev/events'
  const RELOADED = 'dram dev reloaded'
  const RETRY_MS = 1_000

  /** What this page shows, as the server numbers it. */
  let version = document.currentScript.dataset.version
  let stream = null
  let timer = 0
  /** Links that another takes the place of. */
  const leaving = new WeakSet()

  const told = {
    /** The first thing that is said; also after a sleep, or by a server that was started anew. */
    hello(now) {
      if (now.version !== version) reload(now)
    },
    reload,
    css(now) {
      version = now.version
      const found = now.names.map(linksTo)
      // An imported or bundled style sheet has no link of its own.
      if (found.some((links) => links.length === 0)) reload(now)
      else for (const link of found.flat()) swap(link)
    },
    /** Too many tabs listen. */
    rest: disconnect,
  }

  function reload(now) {
    // A page out of a service worker's cache stays as it is: once is enough.
    const done = `${now.version} ${location.href}`
    if (remembered() === done) return
    remember(done)
    location.reload()
  }

  function connect() {
    clearTimeout(timer)
    if (stream !== null) return
    stream = new EventSource(EVENTS)
    stream.addEventListener('error', () => {
      disconnect()
      // The server is gone, and may come back. Who doesn't look needn't know.
      if (!document.hidden) timer = setTimeout(connect, RETRY_MS)
    })
    for (const [kind, act] of Object.entries(told)) stream.addEventListener(kind, ({ data }) => act(JSON.parse(data)))
  }

  function disconnect() {
    clearTimeout(timer)
    stream?.close()
    stream = null
  }

  function shown() {
    if (!document.hidden) connect()
  }

  /** This window and the frames in it that may be looked into. */
  function* documents(from = window) {
    try {
      yield from.document
    } catch {
      return
    }
    for (let at = 0; at < from.length; at++) yield* documents(from[at])
  }

  function linksTo(name) {
    const links = [...documents()].flatMap((one) => [...one.querySelectorAll('link[rel~="stylesheet"][href]')])
    return links.filter((link) => !leaving.has(link) && fileOf(link) === name)
  }

  function fileOf({ href }) {
    return decodeURIComponent(new URL(href).pathname.split('/').at(-1))
  }

  /** The old one stays until the new one is there: nothing flashes. */
  function swap(link) {
    leaving.add(link)
    const url = new URL(link.href)
    url.searchParams.set('dram-dev', version)
    const next = link.cloneNode()
    next.href = url.href
    next.removeAttribute('integrity')
    next.addEventListener('load', () => link.remove())
    next.addEventListener('error', () => location.reload())
    link.after(next)
  }

  function remembered() {
    try {
      return sessionStorage.getItem(RELOADED)
    } catch {
      return null // it may not be used here
    }
  }

  function remember(done) {
    try {
      sessionStorage.setItem(RELOADED, done)
    } catch {}
  }

  function isFramed() {
    try {
      return window.parent !== window && window.parent[MARK] === true
    } catch {
      return false // the page around it is another site's
    }
  }

  // Once in a page, also where scripts write its body anew; the page around a frame reloads the frame, too.
  if (window[MARK] !== true && !isFramed()) {
    window[MARK] = true
    connect()
    // A page that can be gone back to must not hold a connection, and may be an old one when it is shown again.
    addEventListener('pagehide', disconnect)
    addEventListener('pageshow', shown)
    addEventListener('focus', shown)
    document.addEventListener('visibilitychange', shown)
  }
}
