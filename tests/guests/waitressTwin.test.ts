import { deepEqual } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { Client } from '../kit/client.ts'
import { atEnd, type Scope } from '../kit/ends.ts'
import { folder, PYTHON } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'
import { waitressServe } from '../kit/waitress.ts'

/** Both servers get the same bytes; what the application is told by each is compared. */
const APP = `
import json

def app(environ, start_response):
    told = {key: value for key, value in environ.items() if isinstance(value, (str, bool, int))}
    told["body"] = environ["wsgi.input"].read().decode("latin-1")
    told["gone"] = environ["waitress.client_disconnected"]()
    start_response("200 OK", [("Content-Type", "application/json"), ("X-App", "1")])
    return [json.dumps(told).encode()]
`

/** Not the same by nature: where each listens, and what it is called. */
const OWN = ['SERVER_PORT', 'SERVER_SOFTWARE']
/** What dram tells besides. */
const MORE = ['RAW_URI', 'dram.request_id']

interface Twin {
  readonly name: string
  readonly port: number
}

async function realWaitress(scope: Scope, options: readonly string[], cwd: string): Promise<Twin> {
  const argv = ['-m', 'waitress', '--listen=127.0.0.1:0', ...options, 'mine:app']
  const child = spawn(PYTHON, argv, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  atEnd(scope, () => child.kill('SIGKILL'))
  const port = await eventually(() => /127\.0\.0\.1:(\d+)/.exec(said)?.[1], 'Waitress to serve')
  return { name: 'Waitress', port: Number(port) }
}

interface Told {
  readonly status: number
  readonly environ: Readonly<Record<string, unknown>> | null
}

async function ask({ port }: Twin, bytes: string): Promise<Told> {
  const client = await Client.connect({ host: '127.0.0.1', port })
  try {
    await client.write(bytes)
    const { status, text } = await client.response()
    if (status !== 200) return { status, environ: null }
    const environ: Record<string, unknown> = JSON.parse(text)
    // Another port is what a proxy has said.
    if (environ.REMOTE_PORT === String(client.socket.localPort)) environ.REMOTE_PORT = "the peer's"
    for (const name of [...OWN, ...MORE]) delete environ[name]
    return { status, environ }
  } finally {
    client.close()
  }
}

function get(target: string, ...headers: string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: shop.example', ...headers, '', ''].join('\r\n')
}

const PLAIN = [
  get('/'),
  get('/a%20b/%C3%A9?c=%20d&e'),
  get('//double//slash'),
  get('/shop'),
  get('/shop/'),
  get('/shop/cart?x=1'),
  get('/shopping'),
  get('/?'),
  get('/', 'X_Under: 1', 'X-Twice: a', 'X-Twice: b', 'Cookie: a=1'),
  get('/', 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https', 'Forwarded: for=192.0.2.9'),
  'GET / HTTP/1.0\r\n\r\n',
  'GET / HTTP/1.0\r\nHost: old.example\r\n\r\n',
  'POST /p HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello',
  'POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n',
]

const FORWARDED = [
  get('/', 'X-Forwarded-For: 192.0.2.1'),
  get('/', 'X-Forwarded-For: 192.0.2.1, 192.0.2.2:81'),
  get('/', 'X-Forwarded-For: 2001:db8::1', 'X-Forwarded-Proto: https'),
  get('/', 'X-Forwarded-Proto: ftp'),
  get('/', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: a.example:8443', 'X-Forwarded-Port: 99'),
  get('/', 'X-Forwarded-Host: a.example, b.example'),
  get('/', 'X-Forwarded-Port: 1, 2'),
  get('/', 'X-Forwarded-For: 192.0.2.1', 'Forwarded: for=192.0.2.9;proto=https;host=f.example'),
  get('/', 'Forwarded: for="[2001:db8::5]:80", for=192.0.2.9;proto=https'),
  get('/', 'Forwarded: nonsense'),
  get('/', 'X-Forwarded-By: 10.0.0.1'),
]

const ALL = 'x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-forwarded-by'
const TRUSTED = '--trusted-proxy=127.0.0.1'

const LINES: readonly (readonly [options: readonly string[], requests: readonly string[]])[] = [
  [[], [...PLAIN, ...FORWARDED]],
  [['--url-prefix=/shop/', '--url-scheme=https', '--server-name=me.example', '--ident=me'], PLAIN],
  [['--no-clear-untrusted-proxy-headers'], FORWARDED],
  [[TRUSTED], FORWARDED],
  [[TRUSTED, `--trusted-proxy-headers=${ALL}`], FORWARDED],
  [[TRUSTED, '--trusted-proxy-count=2', `--trusted-proxy-headers=${ALL}`], FORWARDED],
  [[TRUSTED, '--trusted-proxy-headers=forwarded'], FORWARDED],
  [['--trusted-proxy=*', '--trusted-proxy-headers=x-forwarded-for', '--no-clear-untrusted-proxy-headers'], FORWARDED],
  [['--trusted-proxy=10.9.9.9', `--trusted-proxy-headers=${ALL}`], FORWARDED],
  [
    ['--max-request-body-size=1000', '--max-request-header-size=2000'],
    [...PLAIN, get('/', `X: ${'x'.repeat(3000)}`)],
  ],
]

for (const [options, requests] of LINES) {
  test(`an application is told the same: ${options.join(' ') || 'without options'}`, async (t) => {
    const cwd = folder(t, { 'mine.py': APP })
    const waitress = await realWaitress(t, options, cwd)
    const { port } = await waitressServe(t, [...options, 'mine:app'], { cwd, env: { PYTHONDONTWRITEBYTECODE: '1' } })
    const differences: unknown[] = []
    for (const bytes of requests) {
      if (bytes.includes('Content-Length: 2000') && !options.some((one) => one.includes('body-size'))) continue
      const [theirs, ours] = [await ask(waitress, bytes), await ask({ name: 'dram', port }, bytes)]
      try {
        deepEqual(ours, theirs)
      } catch {
        differences.push({ bytes, ...differenceOf(theirs, ours) })
      }
    }
    deepEqual(differences, [])
  })
}

function differenceOf(theirs: Told, ours: Told): object {
  const names = [...new Set([...Object.keys(theirs.environ ?? {}), ...Object.keys(ours.environ ?? {})])]
  const other = names.filter((name) => ours.environ?.[name] !== theirs.environ?.[name])
  return {
    statuses: [theirs.status, ours.status],
    environ: Object.fromEntries(other.map((name) => [name, [theirs.environ?.[name], ours.environ?.[name]]])),
  }
}
