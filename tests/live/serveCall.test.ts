import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { ADJUSTMENTS } from '../../src/cli/dialects/waitress/adjustments.ts'
import { FAULTS } from '../../src/faults/table.ts'
import type { Scope } from '../kit/ends.ts'
import { DRAM, folder, type LiveServer, PYTHON, ROOT, run, start } from '../kit/server.ts'

const PACKAGE = join(ROOT, 'python/package')
const APP = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [__name__.encode()]
`

interface Program {
  readonly files: Readonly<Record<string, string>>
  readonly args: readonly string[]
}

function options(scope: Scope, { files, args }: Program) {
  return {
    cwd: folder(scope, files),
    command: [PYTHON, ...args],
    python: false,
    bind: false,
    env: { PYTHONPATH: PACKAGE },
  } as const
}

async function serving(scope: Scope, program: Program): Promise<LiveServer> {
  const server = await start(scope, '', [], options(scope, program))
  server.port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(server.stderr)![1])
  return server
}

async function failing(scope: Scope, program: Program): Promise<string> {
  const server = run(scope, [], options(scope, program))
  equal((await server.exit()).code, 1)
  return server.stderr
}

const GUARDED = `${APP}
import dram
if __name__ == "__main__":
    dram.serve(app, listen="127.0.0.1:0", threads=3, expose_tracebacks=True)
`

test('a program becomes the server of its own application, with its own pid', async (t) => {
  const server = await serving(t, { files: { 'mine.py': GUARDED }, args: ['mine.py'] })
  equal((await server.get('/')).text, 'mine')
  match(server.stderr, /1 worker × 3 threads/)
  match(server.stderr, new RegExp(`pid=${server.pid}\\b`))
  equal((await server.stop()).code, 0)
})

const PROGRAMS: readonly [name: string, program: Program, answer: string][] = [
  [
    'without a guard',
    { files: { 'mine.py': `${APP}\nimport dram\ndram.serve(app, listen="127.0.0.1:0")\n` }, args: ['mine.py'] },
    'mine',
  ],
  ['with python -m', { files: { 'mine.py': GUARDED }, args: ['-m', 'mine'] }, 'mine'],
  [
    'that has its application from another module',
    {
      files: {
        'shop.py': APP,
        'run.py':
          'from shop import app as served\nimport dram\nif __name__ == "__main__":\n    dram.serve(served, listen=["127.0.0.1:0"])\n',
      },
      args: ['run.py'],
    },
    'shop',
  ],
  [
    'that gives a method',
    {
      files: {
        'shop.py': `class Shop:\n    def wsgi_app(self, environ, start_response):\n        start_response("200 OK", [])\n        return [b"method"]\n\nshop = Shop()\n`,
        'run.py':
          'import dram\nfrom shop import shop\nif __name__ == "__main__":\n    dram.serve(shop.wsgi_app, listen="127.0.0.1:0", _quiet=True)\n',
      },
      args: ['run.py'],
    },
    'method',
  ],
  [
    'that gives a socket',
    {
      files: {
        'mine.py': `${APP}
import socket
import dram
if __name__ == "__main__":
    mine = socket.socket()
    mine.bind(("127.0.0.1", 0))
    dram.serve(app, sockets=[mine])
`,
      },
      args: ['mine.py'],
    },
    'mine',
  ],
  [
    'that has modules elsewhere',
    {
      files: {
        'run.py':
          'import sys\nsys.path.insert(0, sys.argv[1])\nfrom probe_shop import app\nimport dram\nif __name__ == "__main__":\n    dram.serve(app, listen="127.0.0.1:0")\n',
      },
      args: ['run.py', 'ELSEWHERE'],
    },
    'probe_shop',
  ],
]

for (const [name, program, answer] of PROGRAMS) {
  test(`a program ${name}`, async (t) => {
    const elsewhere = folder(t, { 'probe_shop.py': APP })
    const args = program.args.map((word) => (word === 'ELSEWHERE' ? elsewhere : word))
    const server = await serving(t, { ...program, args })
    equal((await server.get('/')).text, answer)
  })
}

const MISTAKES: readonly [name: string, code: keyof typeof FAULTS, call: string][] = [
  ['made on the spot', 'APP_NOT_IMPORTABLE', 'dram.serve(lambda environ, start_response: [])'],
  [
    'made only in the program itself',
    'APP_NOT_IMPORTABLE',
    'made = lambda environ, start_response: []; dram.serve(made)',
  ],
  [
    'in a thread',
    'SERVE_IN_THREAD',
    'import threading; fail = []; threading.excepthook = lambda told: fail.append(told.exc_value); one = threading.Thread(target=dram.serve, args=(app,)); one.start(); one.join(); raise fail[0]',
  ],
]

for (const [name, code, call] of MISTAKES) {
  test(`an application ${name} is refused with ${code}`, async (t) => {
    const text = `${APP}\nimport dram\nif __name__ == "__main__":\n    ${call}\n`
    const said = await failing(t, { files: { 'mine.py': text }, args: ['mine.py'] })
    match(said, new RegExp(`^RuntimeError: ${code}: `, 'm'))
    equal(code in FAULTS, true)
  })
}

test('python -m dram is dram, with that Python', async (t) => {
  const args = ['-m', 'dram', 'waitress-serve', '--listen=127.0.0.1:0', 'mine:app']
  const server = await serving(t, { files: { 'mine.py': APP }, args })
  equal((await server.get('/')).text, 'mine')
  match(server.stderr, new RegExp(`pid=${server.pid}\\b`))
})

test('unknown adjustments raise ValueError, as in Waitress', async (t) => {
  const text = `${APP}\nimport dram\nif __name__ == "__main__":\n    dram.serve(app, thread=1)\n`
  match(await failing(t, { files: { 'mine.py': text }, args: ['mine.py'] }), /ValueError: Unknown adjustment 'thread'/)
})

test('dram python-path prints where the package is, which knows all adjustments', () => {
  const path = execFileSync(process.execPath, [DRAM, 'python-path'], { encoding: 'utf8' }).trim()
  equal(path, PACKAGE)
  const script =
    'import json, dram.serving; print(json.dumps({name: kind.__name__ for name, kind in dram.serving.KINDS.items()}))'
  const env = { ...process.env, PYTHONPATH: path }
  const kinds = JSON.parse(execFileSync(PYTHON, ['-c', script], { encoding: 'utf8', env }))
  const words = { text: 'str', int: 'int', bool: 'bool', octal: 'str', words: 'list', sockets: 'list' } as const
  deepEqual(kinds, Object.fromEntries(ADJUSTMENTS.map(({ name, kind }) => [name, words[kind]])))
})
