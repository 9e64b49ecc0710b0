import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Scope } from '../kit/ends.ts'
import { folder, PYTHON, run, type Server } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const NOTES = `import json, os
def note(*what):
    with open(os.environ['NOTES'], 'a') as file:
        file.write(json.dumps([os.getpid(), *what]) + '\\n')
`

const APP = `import os, time
from notes import note
note('loaded')
def app(environ, start_response):
    if environ['PATH_INFO'] == '/gate':
        note('waits')
        while not os.path.exists('gate'):
            time.sleep(0.001)
    if environ['PATH_INFO'] == '/hang':
        note('hangs')
        while True:
            time.sleep(0.001)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(os.getpid()).encode()]
`

const HOOKS = `from notes import note
bind = '127.0.0.1:0'
wsgi_app = 'myapp:app'
def nworkers_changed(server, new, old): note('nworkers_changed', new, old)
def on_starting(server): note('on_starting', server.pid)
def when_ready(server): note('when_ready', server.pid)
def on_reload(server): note('on_reload', server.pid)
def pre_exec(server): note('pre_exec', server.pid)
def on_exit(server): note('on_exit', server.pid)
def pre_fork(server, worker): note('pre_fork', server.pid)
def post_fork(server, worker): note('post_fork', server.pid)
def post_worker_init(worker): note('post_worker_init')
def worker_int(worker): note('worker_int')
def worker_abort(worker):
    import traceback
    note('worker_abort', ''.join(traceback.format_stack()))
def worker_exit(server, worker): note('worker_exit')
def child_exit(server, worker): note('child_exit', worker.pid)
def pre_request(worker, req): note('pre_request', req.path)
def post_request(worker, req, environ, resp): note('post_request', resp.status)
`

type Note = readonly [pid: number, name: string, ...rest: unknown[]]

/** A server by such a file, and what its hooks have noted. */
class Hooked {
  readonly folder: string
  readonly server: Server
  readonly #path: string
  port = 0

  constructor(scope: Scope, conf: string, args: readonly string[] = [], ownGroup = false) {
    this.folder = folder(scope, { 'notes.py': NOTES, 'myapp.py': APP, 'gunicorn.conf.py': conf })
    this.#path = join(this.folder, 'notes.txt')
    this.server = run(scope, ['gunicorn', ...args], {
      cwd: this.folder,
      python: false,
      env: { DRAM_PYTHON: PYTHON, NOTES: this.#path },
      ownGroup,
    })
  }

  static async serving(scope: Scope, conf: string, args: readonly string[] = [], ownGroup = false): Promise<Hooked> {
    const hooked = new Hooked(scope, conf, args, ownGroup)
    const [, port] = await hooked.server.until(/Listening at: http:\/\/127\.0\.0\.1:(\d+)/)
    hooked.port = Number(port)
    await hooked.server.until(/\bworkers? ×/)
    return hooked
  }

  /** The front knows of so many workers that they serve. A stop ends those at once that it only waits for. */
  async ready(count: number): Promise<void> {
    const lines = () => this.server.lines.filter((line) => /is ready$/.test(line))
    await eventually(() => lines().length >= count, `${count} workers to be ready`)
  }

  configure(conf: string): void {
    writeFileSync(join(this.folder, 'gunicorn.conf.py'), conf)
  }

  async get(path = '/'): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { headers: { connection: 'close' } })
  }

  get notes(): Note[] {
    return existsSync(this.#path)
      ? readFileSync(this.#path, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Note)
      : []
  }

  get names(): string[] {
    return this.notes.map(([, name]) => name)
  }

  count(name: string): number {
    return this.names.filter((one) => one === name).length
  }

  async until(name: string, count = 1): Promise<Note> {
    await eventually(() => this.count(name) >= count, `${name}, ${count} times, among ${this.names}`)
    return this.notes.findLast(([, one]) => one === name)!
  }
}

test('each hook in its turn, in its process, with the pid of the front', async (t) => {
  const hooked = await Hooked.serving(t, HOOKS)
  equal((await hooked.get('/x')).status, 200)
  await hooked.until('post_request')
  deepEqual(await hooked.server.stop(), { code: 0, signal: null })
  deepEqual(hooked.names, [
    'nworkers_changed',
    'on_starting',
    'pre_fork',
    'post_fork',
    'loaded',
    'post_worker_init',
    'when_ready',
    'pre_request',
    'post_request',
    'worker_exit',
    'child_exit',
    'on_exit',
  ])
  const pidOf = new Map(hooked.notes.map(([pid, name]) => [name, pid]))
  const inOne = (...names: string[]) => equal(new Set(names.map((name) => pidOf.get(name))).size, 1, names.join())
  inOne('nworkers_changed', 'on_starting', 'when_ready', 'on_exit')
  inOne('pre_fork', 'child_exit')
  inOne('post_fork', 'loaded', 'post_worker_init', 'pre_request', 'post_request', 'worker_exit')
  equal(new Set([...pidOf.values(), hooked.server.pid]).size, 4)
  for (const [, name, pid] of hooked.notes)
    if (/^(on_|when_|pre_fork|post_fork)/.test(name)) equal(pid, hooked.server.pid, name)
})

test('a reload runs the file anew, and neither on_starting nor when_ready', async (t) => {
  const hooked = await Hooked.serving(t, HOOKS)
  hooked.configure(`${HOOKS}workers = 2\ndef post_fork(server, worker): note('new post_fork')\n`)
  hooked.server.signal('SIGHUP')
  await hooked.server.until(/reloaded: generation 2/)
  await hooked.until('child_exit')
  equal(hooked.count('on_starting') + hooked.count('when_ready'), 2)
  ok(hooked.names.indexOf('on_reload') < hooked.names.indexOf('new post_fork'), hooked.names.join())
  equal(hooked.count('new post_fork'), 2)
  const changed = await hooked.until('nworkers_changed', 2)
  deepEqual(changed.slice(2), [2, 1])
  hooked.server.signal('SIGTTIN')
  deepEqual((await hooked.until('nworkers_changed', 3)).slice(2), [3, 2])
  await hooked.server.stop()
})

test('a reload that fails leaves the old file and its workers in force', async (t) => {
  const hooked = await Hooked.serving(t, HOOKS)
  for (const [conf, says] of [
    ['workers = nothing\n', /CONFIG_FAILED|name 'nothing' is not defined/],
    ["bind = '127.0.0.1:0'\nwsgi_app = 'myapp:app'\ndef on_reload(server): raise ValueError('not now')\n", /not now/],
    ["bind = '127.0.0.1:0'\nwsgi_app = 'myapp:app'\ndef post_fork(server, worker): 1 / 0\n", /ZeroDivisionError/],
    ["wsgi_app = 'myapp:app'\ndef post_fork(server): pass\n", /post_fork is called with \(server, worker\)/],
  ] as const) {
    const from = hooked.server.lines.length
    hooked.configure(conf)
    hooked.server.signal('SIGHUP')
    await hooked.server.until(/reload failed, the old workers go on/, { from })
    await hooked.server.until(says, { from })
  }
  equal((await hooked.get()).status, 200)
  await hooked.server.stop()
  equal(hooked.names.at(-1), 'on_exit')
})

test('a hook that raises at the start: a fault with its traceback, and no server', async (t) => {
  for (const hook of [
    'on_starting(server)',
    'when_ready(server)',
    'pre_fork(server, worker)',
    'post_worker_init(worker)',
  ]) {
    const hooked = new Hooked(
      t,
      `bind = '127.0.0.1:0'\nwsgi_app = 'myapp:app'\ndef ${hook}:\n    raise ValueError('no')\n`,
    )
    ok((await hooked.server.exit()).code !== 0, hook)
    match(
      hooked.server.stderr,
      /HOOK_FAILED: .*ValueError: no\nTraceback[\s\S]*gunicorn\.conf\.py[\s\S]*ValueError: no/,
      hook,
    )
    await hooked.server.gone()
  }
})

test('hooks that raise later are told of, and harm nobody', async (t) => {
  const hooks = [
    'worker_exit(server, worker)',
    'child_exit(server, worker)',
    'on_exit(server)',
    'nworkers_changed(server, a, b)',
  ]
  const conf = hooks.map((hook) => `def ${hook}:\n    raise ValueError('${hook}')\n`).join('')
  const hooked = await Hooked.serving(t, `bind = '127.0.0.1:0'\nwsgi_app = 'myapp:app'\n${conf}`)
  equal((await hooked.get()).status, 200)
  deepEqual(await hooked.server.stop(), { code: 0, signal: null })
  for (const hook of hooks) ok(hooked.server.stderr.includes(`ValueError: ${hook}`), `${hook}: ${hooked.server.stderr}`)
})

test('child_exit hears of a worker that was killed; worker_exit can’t', async (t) => {
  const hooked = await Hooked.serving(t, HOOKS)
  const pid = Number(await (await hooked.get()).text())
  process.kill(pid, 'SIGKILL')
  deepEqual((await hooked.until('child_exit')).slice(2), [pid])
  equal(hooked.count('worker_exit'), 0)
  await hooked.until('post_worker_init', 2)
  await hooked.server.stop()
})

test('a worker that is sent QUIT or TERM is replaced', async (t) => {
  const hooked = await Hooked.serving(t, HOOKS)
  for (const [signal, count] of [
    ['SIGQUIT', 1],
    ['SIGTERM', 2],
    ['SIGABRT', 3],
  ] as const) {
    const pid = Number(await (await hooked.get()).text())
    process.kill(pid, signal)
    deepEqual((await hooked.until('child_exit', count)).slice(2), [pid])
    equal(hooked.count('worker_exit'), count)
    await hooked.until('post_worker_init', count + 1)
    ok(Number(await (await hooked.get()).text()) !== pid)
  }
  deepEqual([hooked.count('worker_int'), hooked.count('worker_abort')], [1, 1])
  await hooked.server.stop()
})

test('a graceful stop of the whole group stays one', async (t) => {
  const hooked = await Hooked.serving(t, HOOKS, ['-w', '2'], true)
  await hooked.ready(2)
  const gate = join(hooked.folder, 'gate')
  const answer = hooked.get('/gate')
  await hooked.until('waits')
  hooked.server.signalGroup('SIGTERM')
  await hooked.server.until(/SIGTERM: stopping/)
  writeFileSync(gate, '')
  equal((await answer).status, 200)
  equal((await hooked.server.exit()).code, 0)
  equal(hooked.count('post_fork'), 2)
  equal(hooked.count('worker_exit'), 2)
})

test('Ctrl-C: a fast stop, and each worker hears of it once', async (t) => {
  const hooked = await Hooked.serving(t, HOOKS, ['-w', '2'], true)
  await hooked.ready(2)
  hooked.server.signalGroup('SIGINT')
  equal((await hooked.server.exit()).code, 0)
  deepEqual(
    ['worker_int', 'worker_exit', 'child_exit', 'on_exit'].map((name) => hooked.count(name)),
    [2, 2, 2, 1],
  )
  equal(hooked.names.at(-1), 'on_exit')
})

test('worker_abort sees the stack of a request that is overdue, before its worker ends', async (t) => {
  const hooked = await Hooked.serving(t, `${HOOKS}timeout = 1\n`)
  equal((await hooked.get('/hang')).status, 504)
  const [, , stack] = await hooked.until('worker_abort')
  match(String(stack), /myapp\.py[\s\S]*in app[\s\S]*time\.sleep/)
  await hooked.until('child_exit')
  await hooked.server.stop()
})

test('an upgrade: pre_exec here, all of a start there', async (t) => {
  const hooked = await Hooked.serving(t, HOOKS)
  hooked.server.signal('SIGUSR2')
  await hooked.until('pre_exec')
  await hooked.until('when_ready', 2)
  const first = hooked.server.pid
  await hooked.server.exit()
  const ours = hooked.notes.filter(([, , pid]) => pid === first).map(([, name]) => name)
  deepEqual(
    ours.filter((name) => !/fork/.test(name)),
    ['on_starting', 'when_ready', 'pre_exec', 'on_exit'],
  )
  const [, , successor] = hooked.notes.findLast(([, name]) => name === 'when_ready')!
  process.kill(Number(successor), 'SIGTERM')
  await hooked.until('on_exit', 2)
})

test('a pre_exec that raises: no upgrade, and the server goes on', async (t) => {
  const hooked = await Hooked.serving(t, `${HOOKS}def pre_exec(server): raise ValueError('not today')\n`)
  hooked.server.signal('SIGUSR2')
  await hooked.server.until(/not today/)
  equal((await hooked.get()).status, 200)
  equal(hooked.count('on_starting'), 1)
  await hooked.server.stop()
})
