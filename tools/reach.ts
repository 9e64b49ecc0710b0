/**
 * What is run where. A pair of a test and a Node, or a test and a Python, that can't fail where the same test with
 * another one passes costs minutes and finds nothing. Who isn't named here is run with both Nodes, and with the oldest,
 * the usual and the newest CPython.
 */
function tests(folder: string, names: string): string[] {
  return names.split(/\s+/).map((name) => `tests/${folder}/${name}.test.ts`)
}

/** About workers that come and go: these run also where forks are slow (tests/README.md). */
export const FORKING: readonly string[] = tests(
  'live',
  'crashes hooks limits operations orphans preload reload upgrade workers',
)

/** Long, and about what changes seldom: the everyday suite has them where they are named. */
export const SELDOM: readonly string[] = [
  ...tests('browser', 'errors'),
  ...tests('guests', 'documented hooked paste platforms'),
  ...tests('live', 'deploy disk greenlets gunicornLogs gunicornMoves gunicornSignals soak systemd upgrade'),
]

/** The source of a test that does more with TEST_FULL (kit/server.ts); `visit` is that of the guests. */
export const LONG = /\b(FULL|fullOnly|visit)\b/

/**
 * The front alone decides what these see, the worker does no more than answer; or they say again, in the words of
 * another server, what other files say of the same machinery (gunicornMoves, waitressMoves). One Python is enough.
 */
export const ONE_PYTHON: readonly string[] = [
  ...tests('guests', 'documented gunicornHeaders platforms waitressHeaders'),
  ...tests('live', 'bench clock control deploy devHttps disk fronts gunicornMoves gunicornProxies http idle listen'),
  ...tests('live', 'logs longRequests package pipelining proxies proxyProtocol proxyProtocolTls settings'),
  ...tests('live', 'slowloris systemd timeouts tls upgrade waitressMoves'),
]

/**
 * What CPython changes from one minor version to the next: frames and stacks, exceptions from outside, imports, forks
 * with threads, signals, debuggers. Those between the oldest and the newest run these, beside the runtime's own suite.
 */
export const EVERY_PYTHON: readonly string[] = [
  ...tests('live', 'check crashes devErrors devTerminal devWarm environ explain gunicorn hooks interpreter limits'),
  ...tests('live', 'operations orphans preload serveCall start workers wsgi'),
]

/**
 * Not Node but Python, a browser or another server's package has the last word in these; or they say again what other
 * files say of the front; or they bring their own Node along (fromScratch). One Node is enough.
 */
export const ONE_NODE: readonly string[] = [
  ...tests('browser', 'errors inspector'),
  ...tests('guests', 'bottle devErrors documented falcon flaskGevent gunicornAccess gunicornHeaders gunicornTable'),
  ...tests('guests', 'hooked paste pasteSections platforms pyramid waitress waitressHeaders waitressTwin'),
  ...tests('live', 'fromScratch greenlets gunicornLogs gunicornMoves gunicornSignals hooks interpreter limits'),
  ...tests('live', 'preload waitressMoves'),
  ...tests('rules', 'docs imports links moving reach'),
]
