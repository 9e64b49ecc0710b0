// dram dev adds this to pages that a browser on this machine shows: they reload when what they show has changed.
// Off: dram dev --no-browser-reload
{
  const MARK = Symbol.for('dram dev')
  const EVENTS = '/-/dev/events'
  const RELOADED = 'dram dev reloaded'
  const OUTDATED = '↻ '
  const RETRY_MS = 1_000
  const LEAVE_MS = 10_000

  /** What this page shows, as the server numbers it. */
  let version = document.currentScript.dataset.version
  /** It answers a form, which a reload would send again. */
  const stays = 'stays' in document.currentScript.dataset
  let stream = null
  let timer = 0
  /** Another page was asked for, and a reload would be in its way; it may have been a download, and this one stays. */
  let leaving = false
  let isDue = false
  /** Links that another takes the place of. */
  const replaced = new WeakSet()

  const told = {
    /** The first thing that is said; also after a sleep, or by a server that was started anew. */
    hello(now) {
      if (now.version !== version) reload(now)
    },
    reload,
    swap(now) {
      version = now.version
      const links = now.styles.map(linksTo)
      // An imported or bundled style sheet has no link of its own.
      if (links.some((found) => found.length === 0)) return reload(now)
      for (const link of links.flat()) swap(link, now.stamp)
      // A page that doesn't show the image has no use for it: it may be one that was just uploaded.
      for (const image of all('img[src]'))
        if (now.images.includes(fileOf(image.src))) image.src = fresh(image.src, now.stamp)
    },
    /** Too many tabs listen. */
    rest: disconnect,
  }

  function reload(now) {
    if (stays) return outdated()
    isDue = leaving
    if (leaving) return
    // A page out of a service worker's cache stays as it is: once is enough.
    const done = `${now.version} ${location.href}`
    if (remembered() === done) return
    remember(done)
    location.reload()
  }

  function outdated() {
    if (!document.title.startsWith(OUTDATED)) document.title = OUTDATED + document.title
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

  function left() {
    leaving = true
    setTimeout(() => {
      leaving = false
      if (isDue) location.reload()
    }, LEAVE_MS)
  }

  function shownAgain() {
    leaving = false
    connect()
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
    return all('link[rel~="stylesheet"][href]').filter((link) => !replaced.has(link) && fileOf(link.href) === name)
  }

  function all(selector) {
    return [...documents()].flatMap((one) => [...one.querySelectorAll(selector)])
  }

  function fileOf(url) {
    try {
      return decodeURIComponent(new URL(url).pathname.split('/').at(-1))
    } catch {
      return '' // no address, or one of no file of ours
    }
  }

  /** The same file, from an address that no cache knows. */
  function fresh(url, stamp) {
    const other = new URL(url)
    other.searchParams.set('dram-dev', stamp)
    return other.href
  }

  /** The old one stays until the new one is there: nothing flashes. */
  function swap(link, stamp) {
    replaced.add(link)
    const next = link.cloneNode()
    next.href = fresh(link.href, stamp)
    next.removeAttribute('integrity')
    next.addEventListener('load', () => link.remove())
    next.addEventListener('error', () => {
      replaced.delete(link)
      next.remove()
    })
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
    addEventListener('pageshow', shownAgain)
    addEventListener('beforeunload', left)
    addEventListener('focus', shown)
    document.addEventListener('visibilitychange', shown)
  }
}
