import { equal, match } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import { siteIn } from '../kit/devSite.ts'
import { atEnd } from '../kit/ends.ts'
import { sendSignal } from '../kit/processes.ts'
import { folder, start } from '../kit/server.ts'
import { Terminal } from '../kit/terminal.ts'
import { eventually } from '../kit/wait.ts'

const SHOP = `
import os

def application(environ, start_response):
    path, answer = environ["PATH_INFO"], 41
    if path == "/stops":
        print("about to stop", flush=True)
        breakpoint()
        answer += 1
    elif path == "/pdb":
        import pdb
        pdb.set_trace()
        answer += 2
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(answer).encode()]
`
const RAISES = `
import sys

def application(environ, start_response):
    print("out")
    print("err", file=sys.stderr)
    raise ValueError("told to")
`
const CTRL_C = '\x03'
const PROMPT = /\(Pdb\) /

interface Site {
  readonly path: string
  readonly terminal: Terminal
  readonly port: number
  /** Status and text of an answer, once it comes. */
  ask(target: string): Promise<string>
}

async function open(t: TestContext, args: readonly string[] = [], shop = SHOP): Promise<Site> {
  const path = folder(t, { 'shop.py': shop })
  const terminal = new Terminal(t, ['dev', 'shop', '--bind', '127.0.0.1:0', ...args], { cwd: path })
  const [, port] = await terminal.shows(/http:\/\/127\.0\.0\.1:(\d+)/)
  await terminal.shows(/keys/)
  const answer = async (target: string): Promise<string> => {
    const client = await Client.connect({ port: Number(port) })
    atEnd(t, () => client.close())
    await client.write(request('GET', target, [['Connection', 'close']]))
    const { status, text } = await client.response()
    return `${status} ${text}`
  }
  const ask = (target: string): Promise<string> => {
    const asked = answer(target)
    asked.catch(() => {}) // it is looked at late
    return asked
  }
  return { path, terminal, port: Number(port), ask }
}

/** Ctrl-C, until that is shown: where it comes right before Python begins to wait, Python does not hear it. */
async function interrupt(terminal: Terminal, shown: RegExp): Promise<void> {
  terminal.type(CTRL_C)
  const again = setInterval(() => terminal.type(CTRL_C), 1_000)
  await terminal.shows(shown).finally(() => clearInterval(again))
  terminal.type('p "still " + "here"\n')
  await terminal.shows(/'still here'/)
  await terminal.shows(PROMPT)
}

async function endsWell(terminal: Terminal): Promise<void> {
  const end = await terminal.end()
  equal(end, 'ended with 0, modes as before', `${end}; the terminal shows:\n${terminal.shown}`)
}

test('breakpoint() gets the terminal, and Ctrl-C, until the program goes on; others wait their turn', async (t) => {
  const { path, terminal, ask } = await open(t, ['--timeout', '2s'])
  const first = ask('/stops')
  await terminal.shows(/about to stop[\s\S]*a debugger/)
  await terminal.shows(PROMPT)
  const second = ask('/pdb')
  equal(await ask('/'), '200 41', 'other requests are answered meanwhile')
  terminal.type('p answer * 2\n')
  await terminal.shows(/\n82\n/)
  await terminal.shows(PROMPT)
  await interrupt(terminal, /--KeyboardInterrupt--\n/)
  terminal.type('print("loop" + "ing") or all(True for n in iter(lambda: 0, 1))\n')
  await terminal.shows(/looping/)
  await interrupt(terminal, /\*\*\* KeyboardInterrupt/)
  writeFileSync(join(path, 'shop.py'), SHOP.replace('= environ["PATH_INFO"], 41', '= environ["PATH_INFO"], 71'))
  terminal.type('import time; time.sleep(2)\n') // as long as its --timeout
  await terminal.shows(PROMPT)
  terminal.type('n\n')
  await terminal.shows(/shop\.py\(\d+\)application/)
  await terminal.shows(PROMPT)
  equal(/GET +200 /.test(terminal.shown), false, 'the log waits')
  terminal.type('c\n')
  equal(await first, '200 42', 'a change waits until the program goes on')
  await terminal.shows(/a debugger[\s\S]*shop\.py\(1[23]\)application/)
  await terminal.shows(PROMPT)
  terminal.type('c\n')
  equal(await second, '200 43')
  await terminal.shows(/✓ loaded/)
  equal(await ask('/'), '200 71')
  terminal.type('r')
  await terminal.shows(/✓ loaded/)
  terminal.type('q')
  await endsWell(terminal)
})

test('a worker that ends while a debugger stands in it leaves the terminal as it was', async (t) => {
  const { terminal, ask } = await open(t)
  const answer = ask('/stops')
  await terminal.shows(PROMPT)
  terminal.type('p os.getpid()\n')
  const [, pid] = await terminal.shows(/\n(\d+)\n/)
  await terminal.shows(PROMPT)
  sendSignal(Number(pid), 'SIGKILL')
  await terminal.shows(/the worker that a debugger stood in has ended/)
  match(await answer, /^502 /)
  const next = ask('/stops')
  await terminal.shows(PROMPT)
  terminal.type('q\n')
  match(await next, /^500 /)
  terminal.type(CTRL_C)
  await endsWell(terminal)
})

test('one thread, and code that runs while it is imported, stop as well', async (t) => {
  const path = folder(t, { 'shop.py': `import os\nbreakpoint()\n${SHOP}` })
  const terminal = new Terminal(t, ['dev', 'shop', '--bind', '127.0.0.1:0', '--threads', '1'], { cwd: path })
  await terminal.shows(PROMPT)
  await interrupt(terminal, /--KeyboardInterrupt--\n/)
  terminal.type('c\n')
  const [, port] = await terminal.shows(/http:\/\/127\.0\.0\.1:(\d+)/)
  await terminal.shows(/keys/)
  const client = await Client.connect({ port: Number(port) })
  atEnd(t, () => client.close())
  await client.write(request('GET', '/stops'))
  await terminal.shows(PROMPT)
  await interrupt(terminal, /--KeyboardInterrupt--\n/)
  terminal.type('c\n')
  equal((await client.response()).text, '42')
  terminal.type('q')
  await endsWell(terminal)
})

test('Ctrl-C ends it, whatever browsers hold open', async (t) => {
  const { terminal, port } = await open(t, ['--graceful-timeout', '1h'])
  const kept = await Client.connect({ port })
  const listening = await Client.connect({ port })
  atEnd(t, () => {
    kept.close()
    listening.close()
  })
  await kept.write(request('GET', '/'))
  equal((await kept.response()).text, '41')
  await listening.write(request('GET', '/-/dev/events', [['Host', `localhost:${port}`]]))
  match((await listening.some()).toString(), /text\/event-stream/)
  terminal.type(CTRL_C)
  await endsWell(terminal)
})

test('an application that asks itself is answered', async (t) => {
  const shop = `
from urllib.request import urlopen

def application(environ, start_response):
    text = b"inner"
    if environ["PATH_INFO"] == "/":
        text = b"outer, " + urlopen("http://127.0.0.1:%s/inner" % environ["SERVER_PORT"]).read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text]
`
  const { server, text } = await siteIn(t, folder(t, { 'shop.py': shop }), {}, false)
  equal(await text('/'), 'outer, inner')
  await server.untilOut(/GET +200 \/inner/)
})

test('a request in the terminal: what it printed, what it raised, its line', async (t) => {
  const { terminal, ask } = await open(t, [], RAISES)
  await ask('/')
  await terminal.shows(/GET +\S*500/)
  const at = ['out', 'err', 'error', 'Traceback', '500'].map((text) =>
    terminal.shown.search(new RegExp(`\\b${text}\\b`)),
  )
  equal(at.includes(-1), false, terminal.shown)
  equal(Math.max(at[0]!, at[1]!) < at[2]! && at[2]! < at[3]! && at[3]! < at[4]!, true, terminal.shown)
  terminal.type('q')
  await endsWell(terminal)
})

test('where there is no terminal, breakpoint() is passed over, and the log says where', async (t) => {
  const path = folder(t, { 'shop.py': SHOP })
  const server = await start(t, 'dev', ['shop', '--log-level', 'info'], { cwd: path })
  await eventually(() => server.stdout.includes('watching'), 'the watcher')
  equal((await server.get('/stops')).text, '42')
  await server.until(/breakpoint\(\) was passed over at .*shop\.py:[89]: the server has no terminal to lend/)
})
