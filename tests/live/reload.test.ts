import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { judgeFlawless, Load, notedRuns } from '../kit/load.ts'
import { isAlive, openDescriptors, sendSignal } from '../kit/processes.ts'
import { FULL } from '../kit/server.ts'
import { Shop } from '../kit/shop.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1']
const TWO = ['--workers', '2']
const RELOADS = FULL ? 50 : 5
const LANES = 64

for (const how of [
  [],
  ['--preload', 'never'],
  ['--reload-strategy', 'rolling'],
  ['--preload', 'never', '--reload-strategy', 'rolling'],
]) {
  const title = `${RELOADS} reloads under ${LANES} kept-alive connections: not one request fails (${how.join(' ') || 'as it comes'})`
  test(title, { timeout: 300_000 }, async (t) => {
    const notes = new Notes(t)
    const shop = await Shop.open(t, [...TWO, ...how])
    const { server } = shop
    const watcher = await server.connect()
    // The server says that it serves when its first worker does.
    await server.workerPids(2)
    const processes = server.processes().length
    const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: LANES })
    await load.more(500)
    for (let at = 2; at < 2 + RELOADS; at++) {
      shop.write(String(at))
      match(await shop.reload(), /reloaded/)
      await watcher.write(request('GET', '/version'))
      equal((await watcher.response()).text, String(at), 'from here on the new code answers')
      await load.more(100)
    }
    judgeFlawless(await load.stop(), notes)
    await server.untilProcesses(processes, 'the old generations to be gone')
    const files = openDescriptors(server.pid).filter((name) => /\.(sock|out|err|page)|fifo|pipe:/.test(name))
    ok(files.length < 40, `${files.length} descriptors are open after ${RELOADS} reloads`)
    equal((await server.stop()).code, 0)
    await server.gone()
  })
}

test('what runs is finished by the code that began it; what comes after is answered by the new', async (t) => {
  const shop = await Shop.open(t, ONE)
  const { server } = shop
  const gates = [new Gate(t), new Gate(t)]
  const waiting = await server.connect()
  await waiting.write(request('GET', `/wait?gate=${gates[0]!.path}`))
  await gates[0]!.entered()
  const streaming = await server.connect()
  shop.write('2')
  match(await shop.reload(), /reloaded/)
  equal(await shop.version(), '2')
  // A third generation beside two, one of which is still at work.
  shop.write('3')
  match(await shop.reload(), /reloaded/)
  await streaming.write(request('GET', `/events?count=2&gate=${gates[1]!.path}`))
  equal((await streaming.head()).status, 200)
  equal(String(await streaming.chunk()), 'data: 0\n\n')
  await gates[1]!.entered()
  shop.write('4')
  match(await shop.reload(), /reloaded/)
  equal(await shop.version(), '4')
  gates[0]!.open()
  equal((await waiting.response()).status, 200)
  gates[1]!.open()
  equal(String(await streaming.chunk()), 'data: 1\n\n')
  equal(await streaming.chunk(), null)
})

test('--graceful-timeout bounds what the old generation still runs', async (t) => {
  const shop = await Shop.open(t, [...ONE, '--graceful-timeout', '300ms'])
  const { server } = shop
  const own = new Notes(t)
  const client = await server.connect()
  await client.write(request('GET', `/spin?name=in&log=${own.path}`))
  const pid = Number((await own.until(1))[0]!.split(' ')[1])
  match(await shop.reload(), /reloaded/)
  equal((await client.response()).status, 502)
  await server.until(new RegExp(`\\b${pid}\\b.*graceful-timeout`))
  await eventually(() => !isAlive(pid), 'the old worker to be gone')
  equal(await shop.version(), '1')
})

for (const { what, first, says } of [
  { what: 'a syntax error', first: 'def (', says: /APP_IMPORT_FAILED|SyntaxError/ },
  { what: 'a missing module', first: 'import there_is_no_such_module', says: /there_is_no_such_module/ },
  { what: 'an exception at import', first: 'raise ValueError("not today")', says: /not today/ },
  { what: 'an end at import', first: 'import os; os._exit(3)', says: /APP_CRASH_LOOP|exit code 3/ },
  { what: 'a crash at import', first: 'import ctypes; ctypes.string_at(0)', says: /SIGSEGV/ },
]) {
  test(`${what}: the old code goes on, the log says why, and mended code loads`, async (t) => {
    const notes = new Notes(t)
    const shop = await Shop.open(t, TWO)
    const { server } = shop
    const before = (await server.workerPids(2)).sort()
    const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 8 })
    const from = server.lines.length
    shop.write('broken', first)
    match(await shop.reload(), /reload failed/)
    await server.until(says, { from })
    await load.more(200)
    equal(await shop.version(), '1')
    deepEqual((await server.workerPids(2)).sort(), before)
    shop.write('2')
    match(await shop.reload(), /reloaded/)
    equal(await shop.version(), '2')
    await load.more(100)
    judgeFlawless(await load.stop(), notes)
  })
}

for (const preload of ['auto', 'never'])
  test(`an application that isn’t ready within --boot-timeout: the old goes on (--preload ${preload})`, async (t) => {
    const shop = await Shop.open(t, [...TWO, '--boot-timeout', '1500ms', '--preload', preload])
    const before = (await shop.server.workerPids(2)).sort()
    const processes = shop.server.processes().length
    shop.write('slow', 'import time; time.sleep(300)')
    match(await shop.reload(), /reload failed.*(not ready|BOOT_TIMEOUT)/)
    equal(await shop.version(), '1')
    deepEqual((await shop.server.workerPids(2)).sort(), before)
    await shop.server.untilProcesses(processes, 'what failed to be gone')
  })

test('settings are loaded anew; bad ones change nothing', async (t) => {
  const shop = await Shop.open(t, [], (shop) => shop.file('dram.toml', 'workers = 1\n'))
  const { server } = shop
  equal((await server.workerPids(1)).length, 1)
  for (const bad of [
    'workers = "many"\n',
    'no-such-setting = 1\n',
    'this is not TOML',
    'chdir = "/no/such/folder"\n',
  ]) {
    shop.file('dram.toml', bad)
    match(await shop.reload(), /error.*code=(SETTING|FOLDER)|reload failed/)
    equal(await shop.version(), '1')
  }
  shop.file('dram.toml', 'workers = 3\nserver-header = "anew"\n[env]\nSAID = "hello"\n')
  match(await shop.reload(), /reloaded/)
  equal((await server.workerPids(3)).length, 3)
  equal((await server.get('/')).header('server'), 'anew')
})

test('a setting that counts only after a restart is named', async (t) => {
  const shop = await Shop.open(t, ONE, (shop) => shop.file('dram.toml', 'backlog = 100\n'))
  shop.file('dram.toml', 'backlog = 200\n')
  const from = shop.server.lines.length
  match(await shop.reload(), /reloaded/)
  await shop.server.until(/--backlog/, { from })
})

test('hang-ups during a reload queue exactly one more', async (t) => {
  const gate = new Gate(t)
  const shop = await Shop.open(t, [...ONE, '--preload', 'never'])
  const { server } = shop
  const from = server.lines.length
  shop.write('2', `open(${JSON.stringify(gate.path)}).read()`)
  shop.hangUp()
  await gate.entered()
  for (let at = 0; at < 4; at++) shop.hangUp()
  // Answered by the front after it has heard of them.
  for (let at = 0; at < 3; at++) equal(await shop.version(), '1')
  gate.open()
  await eventually(() => reloads(server.lines.slice(from)) === 1, 'the first to be done')
  await gate.entered()
  equal(await shop.version(), '2')
  gate.open()
  await eventually(() => reloads(server.lines.slice(from)) === 2, 'the second to be done')
  // Whatever is asked for now is a third.
  shop.write('3')
  match(await shop.reload(), /reloaded/)
  equal(await shop.version(), '3')
  equal(reloads(server.lines.slice(from)), 3)
})

test('a stop during a reload ends everything at once', async (t) => {
  const gate = new Gate(t)
  const shop = await Shop.open(t, [...ONE, '--preload', 'never'])
  const { server } = shop
  shop.write('2', `open(${JSON.stringify(gate.path)}).read()`)
  shop.hangUp()
  await gate.entered()
  server.signal('SIGTERM')
  equal((await server.exit(10_000)).code, 0)
  await server.gone()
})

test('the new generation’s zygote is killed: the reload fails, and the next one works', async (t) => {
  const gate = new Gate(t)
  const shop = await Shop.open(t, [...ONE, '--preload', 'never'])
  const { server } = shop
  const before = server.zygotePids()
  shop.write('2', `open(${JSON.stringify(gate.path)}).read()`)
  const from = server.lines.length
  shop.hangUp()
  await gate.entered()
  const anew = server.zygotePids().find((pid) => !before.includes(pid))!
  sendSignal(anew, 'SIGKILL')
  await server.until(/reload failed/, { from })
  equal(await shop.version(), '1')
  gate.open()
  shop.write('3')
  match(await shop.reload(), /reloaded/)
  equal(await shop.version(), '3')
})

test('the old generation’s zygote is killed during a reload: not one request fails', async (t) => {
  const gate = new Gate(t)
  const notes = new Notes(t)
  const shop = await Shop.open(t, [...TWO, '--preload', 'never'])
  const { server } = shop
  const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 8 })
  shop.write('2', `open(${JSON.stringify(gate.path)}).read()`)
  const from = server.lines.length
  const old = server.zygotePids()[0]!
  shop.hangUp()
  await gate.entered()
  sendSignal(old, 'SIGKILL')
  await server.until(new RegExp(`\\b${old}\\b`), { from })
  // Mended, so that whatever is forked from now on needs no gate.
  shop.write('3')
  gate.open()
  await eventually(async () => {
    // Whatever had read the code before it was mended waits there.
    if (gate.isEntered()) gate.open()
    return (await shop.version()) !== '1'
  }, 'the new code')
  await load.more(200)
  judgeFlawless(await load.stop(), notes)
})

test('--touch-reload: a touched file reloads', async (t) => {
  const shop = await Shop.open(t, [...ONE, '--touch-reload', 'deployed'], (shop) => shop.file('deployed', ''))
  const from = shop.server.lines.length
  shop.write('2')
  shop.touch('deployed')
  await shop.server.until(/reloaded: generation/, { from })
  equal(await shop.version(), '2')
})

function reloads(lines: readonly string[]): number {
  return lines.filter((line) => /reloaded: generation/.test(line)).length
}
