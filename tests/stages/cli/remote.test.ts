import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { World } from '../../../src/cli/commands/command.ts'
import { COMMANDS } from '../../../src/cli/commands/commands.ts'
import { main } from '../../../src/cli/main.ts'
import type { Actor, Terminal } from '../../../src/cli/terminal.ts'
import { openControl } from '../../../src/control/socket.ts'
import { Fault } from '../../../src/faults/fault.ts'
import { atEnd } from '../../kit/ends.ts'
import { FakeOperations, runtimeFolder, SLOW, serveControl, serverFile, temporaryFolder } from '../control/fakes.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function dram(parent: string, argv: readonly string[], own: Partial<World> = {}): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await main(argv, {
    variables: { DRAM_RUNTIME_DIR: parent },
    folder: '/nowhere',
    columns: 80,
    out: (text) => (out += text),
    err: (text) => (err += text),
    ...own,
  })
  return { code, out, err }
}

async function house(t: TestContext) {
  const operations = new FakeOperations()
  const parent = temporaryFolder(t)
  await serveControl(t, parent, operations)
  return { operations, run: (...argv: string[]) => dram(parent, argv), parent }
}

const LOCAL = ['serve', 'dev', 'explain', 'settings', 'check', 'python-path', 'waitress-serve', 'gunicorn']
const REMOTE = Object.keys(COMMANDS).filter((name) => !LOCAL.includes(name))

for (const name of REMOTE) {
  test(`dram ${name}: its help fits, a wrong option and too many words are mistakes`, async (t) => {
    const nowhere = temporaryFolder(t)
    const help = await dram(nowhere, [name, '--help'])
    deepEqual([help.code, help.err], [0, ''])
    match(help.out, new RegExp(`^Usage: dram ${name}`))
    match(help.out, /--pid PID/)
    ok(help.out.split('\n').every((line) => line.length <= 80))
    const wrong = await dram(nowhere, [name, '--nmae', 'x'])
    deepEqual([wrong.code, wrong.out], [2, ''])
    match(wrong.err, /^dram: USAGE: there is no option --nmae here\nhint: did you mean --name\?\n$/)
    equal((await dram(nowhere, [name, '1', '2', '3'])).code, 2)
    match((await dram(nowhere, [name, '-V'])).out, /^dram \d/)
  })
}

test('the overview lists all commands', async (t) => {
  const { out } = await dram(temporaryFolder(t), ['--help'])
  for (const name of Object.keys(COMMANDS)) match(out, new RegExp(`^  dram ${name}`, 'm'))
})

test('no server: said so, exit code 7', async (t) => {
  const { code, err } = await dram(temporaryFolder(t), ['status'])
  equal(code, 7)
  match(err, /^dram: SERVER_NOT_FOUND: no running server was found\nhint: /)
})

test('a server that is there and does not listen is silent', async (t) => {
  const parent = temporaryFolder(t)
  runtimeFolder(parent, process.pid, serverFile())
  const { code, err } = await dram(parent, ['status'])
  equal(code, 7)
  match(err, /^dram: SERVER_SILENT: .*control\.sock: there is no such socket\n/)
})

test('which server: by --pid, --name and --runtime-dir', async (t) => {
  const { run, parent } = await house(t)
  equal((await run('status', '--pid', String(process.pid))).code, 0)
  equal((await run('status', '--name=shop')).code, 0)
  match((await run('status', '--name', 'api')).err, /SERVER_NOT_FOUND.* with the name api; there are pid \d+ shop/)
  match((await run('status', '--pid', 'x')).err, /USAGE: --pid must be a process id/)
  match((await run('status', '--pid')).err, /USAGE: --pid needs a value/)
  match((await run('status', '--json=1')).err, /USAGE: --json takes no value/)
  equal((await dram('/nowhere', ['status', '--runtime-dir', parent])).code, 0)
})

test('which server: where the settings file of the working folder says', async (t) => {
  const { parent } = await house(t)
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'dram.toml'), `runtime-dir = ${JSON.stringify(parent)}\n`)
  equal((await dram('', ['status'], { variables: {}, folder })).code, 0)
})

test('status as text and as JSON', async (t) => {
  const { operations, run } = await house(t)
  match((await run('status')).out, /^shop: serving and ready, pid 4711/)
  deepEqual(JSON.parse((await run('status', '--json')).out), operations.now)
})

test('requests as text, with headers, and as JSON', async (t) => {
  const { run } = await house(t)
  match((await run('requests')).out, /GET \/slow\?x=1\n$/)
  match((await run('requests', '--headers')).out, /\n {4}cookie: \*\*\*\n$/)
  deepEqual(JSON.parse((await run('requests', '--json')).out), { requests: [SLOW] })
})

test('stacks of one worker, of all, of one that is not there', async (t) => {
  const { operations, run } = await house(t)
  operations.threads = [
    {
      number: 1,
      pid: 20,
      threads: [{ name: 'serve-1', ident: 1, requestId: 'abc-1', stack: '  File "x.py", line 3, in f\n' }],
    },
    { number: 2, pid: 21, threads: null },
  ]
  const all = (await run('stacks')).out
  match(
    all,
    /^Worker 1 \(pid 20\)\n\nThread serve-1 \(0x1\), runs GET \/slow\?x=1 .*:\n {2}File "x\.py", line 3, in f\n/,
  )
  match(all, /Worker 2 \(pid 21\): it does not answer/)
  equal((await run('stacks', '1')).out.includes('Worker 2'), false)
  deepEqual(JSON.parse((await run('stacks', '2', '--json')).out), { workers: [operations.threads[1]] })
  const gone = await run('stacks', '9')
  equal(gone.code, 7)
  match(gone.err, /WORKER_UNKNOWN: there is no worker 9/)
  equal((await run('stacks', 'one')).code, 2)
})

test('reload waits, and tells what only a restart changes', async (t) => {
  const { operations, run } = await house(t)
  equal((await run('reload')).out, 'generation 2 serves, after 0.81 s\n')
  operations.onReload = async () => ({ generation: 3, tookMs: 1_000, needRestart: ['--bind', '--threads'] })
  match((await run('reload')).out, /these have changed and count only after a restart: --bind, --threads\n$/)
})

test('a reload that fails gives its fault, its trace and its exit code', async (t) => {
  const { operations, run } = await house(t)
  const trace = 'Traceback (most recent call last):\n  File "shop.py", line 3\nSyntaxError: invalid syntax\n'
  operations.onReload = () => Promise.reject(new Fault('RELOAD_FAILED', { detail: 'SyntaxError' }, trace))
  const { code, out, err } = await run('reload')
  deepEqual([code, out], [6, ''])
  equal(
    err,
    `dram: RELOAD_FAILED: the reload failed: SyntaxError\n${trace}hint: the old generation goes on serving; mend it and reload again\n`,
  )
})

test('scale, logs reopen and upgrade', async (t) => {
  const { operations, run } = await house(t)
  equal((await run('scale', '4')).out, 'workers: 2 → 4\n')
  equal((await run('scale', '--', '4')).code, 2)
  equal((await run('scale', 'four')).code, 2)
  equal((await run('scale')).code, 2)
  equal((await run('logs', 'reopen')).code, 0)
  equal((await run('logs', 'rotate')).code, 2)
  match((await run('upgrade')).out, /^pid 99 serves; pid \d+ finishes/)
  deepEqual(operations.asked, ['scale 4', 'reopen', 'upgrade'])
})

/** A process that stands for the server, while this one answers on its control socket. */
async function mortal(t: TestContext, operations: FakeOperations) {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  await once(child, 'spawn')
  atEnd(t, () => child.kill('SIGKILL'))
  const parent = temporaryFolder(t)
  const folder = runtimeFolder(parent, child.pid!, null)
  const control = await openControl(folder, serverFile({ pid: child.pid! }), operations, () => {})
  atEnd(t, () => control?.close())
  return { child, parent, control: control! }
}

for (const flags of [[], ['--fast']]) {
  test(`stop ${flags.join('')} waits until the process is gone`, async (t) => {
    const operations = new FakeOperations()
    const { child, parent } = await mortal(t, operations)
    operations.onStop = () => setImmediate(() => child.kill('SIGKILL'))
    const { code, out, err } = await dram(parent, ['stop', ...flags])
    deepEqual([code, out, err], [0, `pid ${child.pid} has stopped\n`, ''])
    deepEqual(operations.asked, [flags.length > 0 ? 'stop fast' : 'stop gracefully'])
  })
}

test('a server that ends before it has answered has stopped, too', async (t) => {
  const operations = new FakeOperations()
  const { child, parent, control } = await mortal(t, operations)
  operations.onStop = () => {
    child.kill('SIGKILL')
    control.close()
  }
  const ended = once(child, 'exit')
  const { code } = await dram(parent, ['stop'])
  await ended
  equal(code, 0)
})

class FakeTerminal implements Terminal {
  readonly columns = 80
  readonly rows = 10
  readonly colors = false
  closed = 0
  screens: (readonly string[])[] = []
  actor: Actor | null = null
  onShow: (actor: Actor) => void = () => {}

  open(actor: Actor) {
    this.actor = actor
    return {
      show: (lines: readonly string[]) => {
        this.screens.push(lines)
        setImmediate(() => this.onShow(actor))
      },
      close: () => {
        this.closed++
      },
    }
  }
}

const WAYS_OUT: readonly (readonly [string, (actor: Actor) => void, number])[] = [
  ['q', (actor) => actor.typed('q'), 0],
  ['Ctrl-C', (actor) => actor.typed('\x03'), 0],
  ['SIGTERM', (actor) => actor.signaled('SIGTERM'), 143],
]

for (const [name, leave, code] of WAYS_OUT) {
  test(`top shows a screen; ${name} gives the terminal back`, async (t) => {
    const { parent } = await house(t)
    const terminal = new FakeTerminal()
    terminal.onShow = leave
    equal((await dram(parent, ['top'], { terminal })).code, code)
    equal(terminal.closed, 1)
    match(terminal.screens[0]![0]!, /^shop: serving and ready/)
  })
}

test('top: when the server is gone, the terminal is given back and the fault stands below', async (t) => {
  const operations = new FakeOperations()
  const { child, parent, control } = await mortal(t, operations)
  const terminal = new FakeTerminal()
  terminal.onShow = () => {
    control.close()
    child.kill('SIGKILL')
  }
  const { code, err } = await dram(parent, ['top'], { terminal })
  deepEqual([code, terminal.closed], [7, 1])
  match(err, /^dram: SERVER_NOT_FOUND/)
})

test('top without a terminal prints one look', async (t) => {
  const { parent } = await house(t)
  const { code, out } = await dram(parent, ['top'], { terminal: null })
  equal(code, 0)
  match(out, /^shop: serving and ready[\s\S]*\nWORKER +PID +STATE/)
  equal(out.includes('q: quit'), false)
})
