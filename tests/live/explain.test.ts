import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Journey } from '../../src/dev/inspector/journey.ts'
import { DRAM, folder, PYTHON, ROOT } from '../kit/server.ts'

const GUARD_MS = 60_000

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A line of a shell, run where the examples are. */
function shell(line: string, env: Readonly<Record<string, string>> = {}): Ended {
  const path = `${dirname(DRAM)}${delimiter}${process.env.PATH}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line], {
    cwd: ROOT,
    env: { ...process.env, PATH: path, DRAM_PYTHON: PYTHON, ...env },
    encoding: 'utf8',
    timeout: GUARD_MS,
  })
  return { code: status, stdout, stderr }
}

function journeysOf({ stdout, stderr }: Ended): Journey[] {
  ok(stdout.startsWith('{'), stderr)
  return (JSON.parse(stdout) as { journeys: Journey[] }).journeys
}

/** What differs from run to run, in a text of the command or of the page. */
function constant(line: string): string {
  return line
    .replace(/\b\d+(?:\.\d+)? ms\b|\b\d+\.\d s\b/g, 'TIME')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/process \d+, Python \S+/g, 'process PID, Python')
    .replace(/ +/g, ' ')
    .trim()
}

interface Example {
  readonly command: string
  readonly lines: readonly string[]
}

const PAGE = readFileSync(join(ROOT, 'docs/how-a-wsgi-server-works.md'), 'utf8')

/** `$ command`, and below it what it prints; `…`: lines that are left out. */
const EXAMPLES: readonly Example[] = [...PAGE.matchAll(/^```console\n([\s\S]*?)^```$/gm)]
  .flatMap(([, block]) => block!.split(/^\$ /m).slice(1))
  .map((text) => {
    const [command, ...lines] = text.trimEnd().split('\n')
    return { command: command!, lines: lines.filter((line) => line !== '') }
  })

test('the page on how a server works has examples', () => {
  ok(EXAMPLES.length >= 9)
})

for (const command of new Set(EXAMPLES.map((one) => one.command)))
  test(`docs/how-a-wsgi-server-works.md: ${command}`, () => {
    const { stdout, stderr } = shell(command)
    const printed = stdout.split('\n').filter((line) => line !== '')
    for (const { lines } of EXAMPLES.filter((one) => one.command === command)) {
      let at = 0
      let isGap = false
      for (const line of lines) {
        if (line === '…') isGap = true
        else {
          const found = printed.findIndex((one, index) => index >= at && constant(one) === constant(line))
          ok(found >= 0 && (isGap || found === at), `${line}\nis not there, or not next, in\n${stdout}${stderr}`)
          at = found + 1
          isGap = false
        }
      }
    }
  })

const SHOP = `
import sys
print("loading")

def application(environ, start_response):
    if environ["PATH_INFO"] == "/fails":
        raise ValueError("told to")
    body = environ["wsgi.input"].read()
    start_response("201 Created", [("Content-Type", environ.get("CONTENT_TYPE", "none"))])
    print("to stderr", file=sys.stderr)
    return [environ["HTTP_X_NAME"].encode(), body]
`

test('headers and a body reach the application; what it prints is shown where it came', (t) => {
  const cwd = folder(t, { 'shop.py': SHOP, body: 'a\nb' })
  const line = `cd ${cwd} && dram explain shop /x -X PUT -H 'X-Name: me' --data-binary @body -H 'Content-Type: text/x'`
  const { code, stdout } = shell(line)
  equal(code, 0)
  match(stdout, /^While it loaded, the application printed:\n {2}loading\n\nPUT \/x\nanswered with 201/)
  match(stdout, /\n[ \d.]+ ms {2}printed: to stderr\n/)
  equal(stdout.split('to stderr').length, 2, 'once')
  match(stdout, /\| a\\n\n {11}\| b\n/)
  const [journey] = journeysOf(shell(`${line} --json`))
  deepEqual(journey!.call!.startResponses[0]!.headers, [['Content-Type', 'text/x']])
})

test('exit codes: an application that fails, a request that is refused, one that cannot be loaded', (t) => {
  const cwd = folder(t, { 'shop.py': SHOP, 'broken.py': 'import nothing_like_it\n' })
  const failed = shell(`cd ${cwd} && dram explain shop /fails`)
  equal(failed.code, 1)
  match(failed.stdout, /failed with 500, APP_RAISED/)
  match(failed.stdout, /ValueError: told to/)
  equal(shell(`printf 'GET /\\r\\n\\r\\n' | dram explain examples/hello.py --raw -`).code, 1)
  const broken = shell(`cd ${cwd} && dram explain broken /`)
  equal(broken.code, 4)
  equal(broken.stdout, '')
  match(broken.stderr, /^dram: APP_IMPORT_FAILED[\s\S]*nothing_like_it/)
  equal(shell('dram explain examples/hello.py').code, 2)
})

test('several requests, cut anywhere; half a one', (t) => {
  const cwd = folder(t)
  const one = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
  writeFileSync(join(cwd, 'two'), one('/a') + one('/b'))
  const two = journeysOf(shell(`dram explain examples/hello.py --raw ${cwd}/two --split 5,40 --json`))
  deepEqual(
    two.map(({ target, state, bytes }) => [target, state, bytes.pieces.length]),
    [
      ['/a', 'done', 2],
      ['/b', 'done', 2],
    ],
  )
  const begun = shell(`printf 'GET /a HTTP/1.1\\r\\nHost:' | dram explain examples/hello.py --raw -`)
  equal(begun.code, 1)
  match(begun.stdout, /no whole head|not a whole request/)
  writeFileSync(join(cwd, 'half'), 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf')
  const half = shell(`dram explain examples/hello.py --raw ${cwd}/half`)
  equal(half.code, 1)
  match(half.stdout, /^POST \/\nthe client left/)
})

test('all settings of the server count, and nothing is left behind', (t) => {
  const cwd = folder(t)
  const home = join(cwd, 'tmp')
  mkdirSync(home)
  const line = `dram explain examples/hello.py /${'x'.repeat(90)} --max-request-line 64 --pidfile ${cwd}/pid`
  const { code, stdout } = shell(line, { TMPDIR: home })
  equal(code, 1)
  match(stdout, /refused with 414, REQUEST_LINE_TOO_LONG/)
  deepEqual(readdirSync(home), [])
  deepEqual(readdirSync(cwd), ['tmp'])
})
