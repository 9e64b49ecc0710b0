import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import type { Scope } from '../kit/ends.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { judgeFlawless, Load, notedRuns } from '../kit/load.ts'
import { processRow } from '../kit/processes.ts'
import { APPS, folder, type StartOptions } from '../kit/server.ts'
import { Shop } from '../kit/shop.ts'
import { tried, typed } from '../kit/typed.ts'
import { eventually } from '../kit/wait.ts'

// What docs/moving-from-gunicorn.md says, line by line; each test is named there.

/** With and without preloading: what can be said of the one holds for the other. */
const BOTH = ['', '--preload']

async function gunicorn(
  scope: Scope,
  words: string,
  prepare: (shop: Shop) => void = () => {},
  env: StartOptions['env'] = {},
): Promise<Shop> {
  const shop = new Shop(scope)
  shop.write('1')
  prepare(shop)
  shop.server = await typed(scope, `dram gunicorn -b 127.0.0.1:0 ${words}`, {
    cwd: shop.folder,
    env: { PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: APPS, NOTES: shop.notes.path, ...env },
  })
  return shop
}

for (const how of BOTH) {
  test(`a reload under load: not one request fails ${how}`, { timeout: 60_000 }, async (t) => {
    const shop = await gunicorn(t, `-w 2 ${how} shop`)
    const notes = new Notes(t)
    const load = await Load.begin(t, shop.server, { ask: notedRuns(notes), lanes: 32 })
    for (const version of ['2', '3', '4']) {
      shop.write(version)
      match(await shop.reload(), /reloaded/)
      equal(await shop.version(), version)
      await load.more(200)
    }
    judgeFlawless(await load.stop(), notes)
  })

  test(`a reload with broken code: the site stays up, on the code that works ${how}`, async (t) => {
    const shop = await gunicorn(t, `-w 2 ${how} shop`)
    const { server } = shop
    const before = (await server.workerPids(2)).sort()
    for (const [mistake, said] of [
      ['def f(:', /SyntaxError/],
      ['import there_is_no_such_module', /there_is_no_such_module/],
      ['import sys; sys.exit(3)', /SystemExit|exit code 3/],
    ] as const) {
      const from = server.lines.length
      shop.write('broken', mistake)
      match(await shop.reload(), /reload failed/)
      await server.until(said, { from })
      equal(await shop.version(), '1')
      deepEqual((await server.workerPids(2)).sort(), before)
    }
    shop.write('2')
    match(await shop.reload(), /reloaded/)
    equal(await shop.version(), '2')
  })

  test(`a reload with a broken configuration file: the site stays up, on the settings that work ${how}`, async (t) => {
    const conf = (text: string) => (shop: Shop) => shop.file('gunicorn.conf.py', text)
    const shop = await gunicorn(t, `${how} shop`, conf('workers = 1\n'))
    const { server } = shop
    for (const mistake of [
      'workers = (\n',
      'raise RuntimeError("not today")\n',
      'workers = "many"\n',
      'import nothing_such\n',
    ]) {
      conf(mistake)(shop)
      match(await shop.reload(), /reload failed|error|ERROR/)
      equal(await shop.version(), '1')
    }
    conf('workers = 3\n')(shop)
    shop.write('2')
    match(await shop.reload(), /reloaded/)
    equal((await server.workerPids(3)).length, 3)
    equal(await shop.version(), '2')
  })

  test(`a reload loads new code ${how}`, async (t) => {
    const shop = await gunicorn(t, `-w 2 ${how} shop`)
    shop.write('2')
    match(await shop.reload(), /reloaded/)
    for (let at = 0; at < 10; at++) equal(await shop.version(), '2')
  })

  test(`one more worker while the code on disk is broken: the others go on ${how}`, async (t) => {
    const shop = await gunicorn(t, `-w 1 ${how} shop`, undefined, how ? {} : { DRAM_PRELOAD: 'never' })
    const { server } = shop
    shop.write('broken', 'raise RuntimeError("not today")')
    const from = server.lines.length
    server.signal('SIGTTIN')
    // Where the application is preloaded, the new worker is forked from the code that works.
    if (how) equal((await server.workerPids(2)).length, 2)
    else await server.until(/RuntimeError: not today/, { from })
    for (let at = 0; at < 10; at++) equal(await shop.version(), '1')
    equal((await server.stop()).code, 0)
  })

  test(`a request that takes too long is named, with its age and the line it is in ${how}`, async (t) => {
    const shop = await gunicorn(t, `-w 1 --timeout 1 ${how} shop`)
    const { server } = shop
    const gate = new Gate(t)
    const hung = server.get(`/wait?gate=${gate.path}`)
    await gate.entered()
    equal((await hung).status, 504)
    await server.until(/WORKER TIMEOUT \(pid:\d+\): GET \/wait: no answer within 1 ?s/)
    await server.until(/File ".*probe\.py", line \d+, in wait/)
    equal(await shop.version(), '1')
  })

  test(`what waits to be accepted at a stop is answered ${how}`, async (t) => {
    const shop = await gunicorn(t, `-w 2 ${how} shop`)
    const { server } = shop
    server.signal('SIGSTOP')
    await eventually(() => processRow(server.pid)?.state === 'T', 'the front to stand still')
    const clients = await Promise.all(Array.from({ length: 100 }, () => server.connect()))
    for (const client of clients) await client.write(request('GET', '/version'))
    server.signal('SIGTERM')
    server.signal('SIGCONT')
    const answers = await Promise.all(clients.map((client) => client.response()))
    deepEqual([...new Set(answers.map(({ status, text }) => `${status} ${text}`))], ['200 1'])
    equal((await server.exit()).code, 0)
  })

  test(`no request waits for a busy worker while another is free ${how}`, async (t) => {
    const shop = await gunicorn(t, `-w 2 ${how} shop`)
    const { server } = shop
    await server.workerPids(2)
    const gate = new Gate(t)
    const busy = server.get(`/wait?gate=${gate.path}`)
    await gate.entered()
    const answers = await Promise.all(Array.from({ length: 40 }, () => server.get('/pid')))
    equal(new Set(answers.map(({ text }) => text)).size, 1, 'all by the worker that is free')
    gate.open()
    equal((await busy).status, 200)
  })

  test(`recycling by --max-requests: not one request fails ${how}`, { timeout: 60_000 }, async (t) => {
    const shop = await gunicorn(t, `-w 2 --max-requests 50 --max-requests-jitter 10 ${how} shop`)
    const notes = new Notes(t)
    const load = await Load.begin(t, shop.server, { ask: notedRuns(notes), lanes: 16 })
    const replaced = () => shop.server.lines.filter((line) => /worker \d+ \(pid \d+\) ended: .*max-requests/.test(line))
    while (replaced().length < 4) await load.more(50)
    judgeFlawless(await load.stop(), notes)
  })
}

test('slow clients hold no worker, not even a sync one', async (t) => {
  const shop = await gunicorn(t, '-w 1 -k sync shop')
  const { server } = shop
  const heads = await Promise.all(Array.from({ length: 30 }, () => server.connect()))
  const bodies = await Promise.all(Array.from({ length: 30 }, () => server.connect()))
  const readers = await Promise.all(Array.from({ length: 20 }, () => server.connect({ paused: true })))
  for (const client of heads) await client.write('GET / HTTP/1.1\r\nHo')
  for (const client of bodies) await client.write(`${request('POST', '/echo', [['Content-Length', '10']])}12345`)
  for (const client of readers) await client.write(request('GET', '/sized?size=3000000'))
  for (let at = 0; at < 20; at++) equal(await shop.version(), '1')
  for (const client of bodies) await client.write('67890')
  for (const client of bodies) equal((await client.response()).text, '1234567890')
  for (const client of readers) client.resume()
  for (const client of readers) equal((await client.response()).body.length, 3_000_000)
})

test('a sync worker’s connections stay open', async (t) => {
  const shop = await gunicorn(t, '-w 1 -k sync shop')
  const client = await shop.server.connect()
  for (let at = 0; at < 3; at++) {
    await client.write(request('GET', '/version'))
    const answer = await client.response()
    equal(answer.text, '1')
    equal(answer.header('connection'), null)
  }
})

test('metrics, health and readiness', async (t) => {
  const path = join(folder(t), 'admin.sock')
  const shop = await gunicorn(t, '-w 1 shop', undefined, { DRAM_ADMIN_BIND: `unix:${path}` })
  await shop.version()
  const ask = async (page: string) => {
    const client = await shop.server.connect({ path })
    await client.write(request('GET', page, [['Connection', 'close']]))
    return client.response()
  }
  for (const page of ['/-/health', '/-/ready']) equal((await ask(page)).status, 200)
  match((await ask('/metrics')).text, /^dram_requests_total\{method="GET",status="2xx"\} 1$/m)
})

test('workers that die young are started ever more slowly', async (t) => {
  const notes = new Notes(t)
  const env = { NOTES: notes.path, HERE: folder(t) }
  const { server } = await gunicorn(t, '-w 1 dies_after_start', undefined, env)
  equal((await server.get('/')).status, 200)
  await server.get('/die')
  await server.until(/workers die young: the next starts in/)
  await notes.until(4)
  const early = notes.lines().length
  const until = performance.now() + 2000
  await eventually(() => performance.now() > until, 'two seconds')
  ok(notes.lines().length - early < 12, `${notes.lines().length - early} more starts in two seconds`)
})

test('a misspelt name in the configuration file is said, with what may be meant', async (t) => {
  const shop = await gunicorn(t, 'shop', (made) => made.file('gunicorn.conf.py', 'worker = 3\ntime_out = 5\n'))
  await shop.server.until(/\bworker\b.*did you mean workers\?/)
  await shop.server.until(/\btime_out\b.*did you mean timeout\?/)
  const check = tried(t, 'dram gunicorn --check-config shop', { cwd: shop.folder, env: { PYTHONPATH: APPS } })
  equal((await check.exit()).code, 0)
  match(`${check.stdout}${check.stderr}`, /did you mean workers\?/)
})
