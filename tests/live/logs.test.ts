import { equal, match, ok } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import { atEnd } from '../kit/ends.ts'
import { Gate } from '../kit/gate.ts'
import { rssBytes } from '../kit/processes.ts'
import { APPS, folder, fullOnly, type LiveServer, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1']
const MIB = 1024 * 1024

test('what the application prints and logs shows at once, with the worker’s pid', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const [pid] = await server.workerPids(1)
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(request('GET', `/print?word=now&gate=${gate.path}`))
  await gate.entered()
  // The request still runs: nothing waits for its end.
  for (const way of ['print', 'stderr', 'errors', 'logging']) {
    const line = await untilAnywhere(server, new RegExp(`^.*${way} now.*$`, 'm'))
    match(line, new RegExp(`\\b${pid}\\b`), `the pid is in: ${line}`)
  }
  gate.open()
  const id = (await client.response()).header('x-request-id')!
  match(await untilAnywhere(server, /^.*errors now.*$/m), new RegExp(id))
})

test('/dev/stdout can be opened by the application', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  equal((await server.get('/stdout?word=here')).text, 'opened')
  await untilAnywhere(server, /by path here/)
})

test('100 MB to descriptor 1 in one burst', { timeout: 120_000 }, async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '2'])
  const size = fullOnly ? 30_000_000 : 100_000_000
  const before = rssBytes(server.pid)
  let most = 0
  const watching = setInterval(() => {
    most = Math.max(most, rssBytes(server.pid))
  }, 50)
  // Keep nothing of it here: lines are counted and dropped.
  let lines = 0
  const drop = setInterval(() => {
    lines += server.lines.length
    server.lines.length = 0
  }, 10)
  const burst = server.get(`/burst?size=${size}`)
  const meanwhile = await server.get('/')
  equal(meanwhile.status, 200)
  equal((await burst).text, 'written')
  clearInterval(watching)
  clearInterval(drop)
  ok(lines >= 0)
  ok(most - before < 64 * MIB, `the front grew by ${((most - before) / MIB).toFixed(0)} MiB`)
})

test('a log nobody reads holds up who writes to it, nobody else, and grows nothing', { timeout: 60_000 }, async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '2'])
  await server.workerPids(2)
  const before = rssBytes(server.pid)
  server.child.stderr!.pause()
  const burst = server.get('/burst?size=20000000')
  for (let at = 0; at < 50; at++) equal((await server.get('/')).status, 200)
  ok(rssBytes(server.pid) - before < 64 * MIB)
  server.child.stderr!.resume()
  equal((await burst).text, 'written')
})

test('no access log unless asked for', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  await server.get('/quiet-page')
  equal((await server.stop()).code, 0)
  ok(!/quiet-page/.test(server.stderr + server.stdout))
})

const COMMON =
  /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z][a-z]\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/page\?q=1 HTTP\/1\.1" 200 \d+/m

test('the access log on standard output: combined', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--access-log', '-'])
  await server.get('/page?q=1', [
    ['Referer', 'http://from/'],
    ['User-Agent', 'test "agent"\t'],
  ])
  await server.untilOut(COMMON)
  const [line] = await server.untilOut(/^.*\/page.*$/m)
  match(line, /"http:\/\/from\/"/)
  ok(!/[\x00-\x09\x0b-\x1f]/.test(line), 'no control character gets into a line')
})

test('the access log in a file: common', async (t) => {
  const path = join(folder(t), 'access.log')
  const server = await start(t, 'probe.py', [...ONE, '--access-log', path, '--access-log-format', 'common'])
  await server.get('/page?q=1', [['User-Agent', 'agent']])
  equal((await server.stop()).code, 0)
  const text = readFileSync(path, 'utf8')
  match(text, COMMON)
  ok(!text.includes('agent'))
  equal(text.split('\n').length, 2)
})

test('the access log as JSON', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--access-log', '-', '--access-log-format', 'json'])
  const answer = await server.get('/page?q=1')
  const [line] = await server.untilOut(/^\{.*\/page.*\}$/m)
  const row = JSON.parse(line) as Record<string, unknown>
  const values = Object.values(row)
  for (const value of ['GET', 200, '127.0.0.1', answer.header('x-request-id')])
    ok(values.includes(value), `${value} is in ${line}`)
})

test('the access log with atoms', async (t) => {
  const format =
    '%(h)s|%(m)s|%(U)s|%(q)s|%(H)s|%(s)s|%(B)s|%({x-in}i)s|%({x-one}o)s|%({REQUEST_METHOD}e)s|%(D)s|%(T)s|%(L)s|%%'
  const server = await start(t, 'probe.py', [...ONE, '--access-log', '-', '--access-log-format', format])
  await server.get('/headers?q=1', [['X-In', 'in']])
  await server.untilOut(
    /^127\.0\.0\.1\|GET\|\/headers\|q=1\|HTTP\/1\.1\|200\|2\|in\|1\|[^|]*\|\d+\|\d+\|\d+\.\d+\|%+$/m,
  )
})

test('refusals are in the access log too', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--access-log', '-'])
  await server.exchange('GET /bad HTTP/1.1\r\nHost : a\r\n\r\n')
  await server.untilOut(/ 400 /)
})

test('a log line can’t be forged by a target or a header', async (t) => {
  const server = await start(t, 'broken.py', [...ONE, '--access-log', '-'])
  await server.get('/raises%0A127.0.0.1%20forged', [['Referer', 'a" 200 1 "forged']])
  await server.untilOut(/raises/)
  match(server.stdout, /\\"|%22|\\x22|'/, 'a quote in a value can be told from one that ends it')
  equal(server.stdout.split('\n').filter((line) => line.startsWith('127.0.0.1 forged')).length, 0)
})

test('--log-format json: every line is an object', async (t) => {
  const server = await start(t, 'broken.py', [...ONE, '--log-format', 'json'])
  const answer = await server.get('/raises')
  await server.until(new RegExp(answer.header('x-request-id')!))
  equal((await server.stop()).code, 0)
  for (const line of server.lines) ok(typeof JSON.parse(line) === 'object', line)
  ok(server.lines.some((line) => JSON.stringify(JSON.parse(line)).includes('Traceback')))
})

test('--log-level error leaves errors only', async (t) => {
  const path = join(folder(t), 'dram.sock')
  const server = run(t, ['broken.py', ...ONE, '--log-level', 'error', '--bind', `unix:${path}`])
  await eventually(() => existsSync(path), 'the socket')
  const client = await eventually(() => Client.connect({ path }).catch(() => null), 'a connection')
  await client.write(request('GET', '/raises'))
  equal((await client.response()).status, 500)
  client.close()
  equal((await server.stop()).code, 0)
  match(server.stderr, /ValueError/)
  ok(!/workers|http:|stop/i.test(server.stderr), server.stderr)
})

test('the request id is on the answer, in environ and in the line of an error', async (t) => {
  const server = await start(t, 'broken.py', ONE)
  const answer = await server.get('/raises')
  await server.until(new RegExp(answer.header('x-request-id')!))
  const none = await start(t, 'probe.py', [...ONE, '--no-request-id-header'])
  equal((await none.get('/')).header('x-request-id'), null)
})

test('a log file that can’t be written is a coded error', async (t) => {
  const server = run(t, [
    'probe.py',
    ...ONE,
    '--bind',
    '127.0.0.1:0',
    '--access-log',
    join(folder(t), 'none/access.log'),
  ])
  equal((await server.exit()).code, 5)
  match(server.stderr, /LOG_FILE/)
})

/** The first match in standard error or standard output, whichever has it. */
async function untilAnywhere(server: LiveServer, pattern: RegExp): Promise<string> {
  return eventually(() => pattern.exec(`${server.stderr}\n${server.stdout}`)?.[0], `${pattern} in\n${server.stderr}`)
}

test('what the application prints goes through as it is, beside a log in the classic format', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--log-format', 'classic', '--app-output', 'through'])
  await server.get('/print?word=now')
  await server.until(/^\[[-\d]+ [:\d]+ [-+]\d{4}\] \[\d+\] \[INFO\] Listening at: http:\/\/127\.0\.0\.1:\d+ \(\d+\)$/)
  await server.until(/^\[.*\] \[INFO\] Booting worker with pid: \d+/)
  await server.untilOut(/^print now$/m)
  await server.until(/^stderr now$/)
  await server.until(/^errors now$/)
  ok(!server.stderr.includes('print now'))
})

test('both logs go to syslog: UDP, and a Unix socket that only the keeper can send to', async (t) => {
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  atEnd(t, () => udp.close())
  await once(udp, 'listening')
  const heard: string[] = []
  udp.on('message', (bytes) => heard.push(String(bytes)))
  const syslog = ['--syslog', `udp://127.0.0.1:${udp.address().port}`, '--syslog-access', '--syslog-facility', 'local3']
  const server = await start(t, 'probe.py', [...ONE, ...syslog, '--access-log-format', '%(m)s %(U)s %(s)s'])
  await server.get('/')
  await eventually(() => heard.some((text) => /^<158>dram\.access: \[\d+\] GET \/ 200$/.test(text)), 'the access line')
  equal((await server.stop()).code, 0)
  await eventually(() => heard.some((text) => /^<158>dram\.error: \[\d+\] .*stopped/.test(text)), 'its end')

  const other = await start(t, 'probe.py', [...ONE, '--syslog', `unix://${join(folder(t), 'nobody')}`])
  await other.until(/nobody can't be told: No such file or directory; what can't be sent is lost/)
  equal((await other.get('/')).status, 200)
})

const LOGGING = {
  version: 1,
  formatters: { short: { format: '%(levelname)s|%(name)s|%(message)s' } },
  handlers: {
    error: { class: 'logging.handlers.RotatingFileHandler', filename: 'server.log', formatter: 'short' },
    access: { class: 'logging.StreamHandler', stream: 'ext://sys.stdout', formatter: 'short' },
  },
  loggers: {
    'dram.error': { level: 'INFO', handlers: ['error'] },
    'dram.access': { level: 'INFO', handlers: ['access'] },
    probe: { level: 'INFO', handlers: ['error'] },
  },
  disable_existing_loggers: false,
}

test('--log-config: Python’s logging writes both logs, with several fronts too', async (t) => {
  const cwd = folder(t, { 'logging.json': JSON.stringify(LOGGING) })
  const args = [...ONE, '--fronts', '2', '--log-config', 'logging.json', '--access-log-format', '%(m)s %(U)s %(s)s']
  const server = await run(t, ['--bind', `unix:${join(cwd, 's.sock')}`, ...args, join(APPS, 'probe.py')], { cwd })
  const log = join(cwd, 'server.log')
  await eventually(
    () => existsSync(log) && /^INFO\|dram\.error\|listening on/im.test(readFileSync(log, 'utf8')),
    'the log',
  )
  const client = await Client.connect({ path: join(cwd, 's.sock') })
  atEnd(t, () => client.close())
  await client.write(request('GET', '/print?word=now'))
  equal((await client.response()).status, 200)
  await server.untilOut(/^INFO\|dram\.access\|GET \/print 200$/m)
  await eventually(() => /^WARNING\|probe\|logging now$/m.test(readFileSync(log, 'utf8')), 'what the application logs')
  equal((await server.stop()).code, 0)
  match(readFileSync(log, 'utf8'), /\|stopped event=stopped$/m)
})
