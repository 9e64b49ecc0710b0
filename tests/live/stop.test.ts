import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { processRow } from '../kit/processes.ts'
import { run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1']

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends an idle server with exit code 0 and leaves nothing`, async (t) => {
    const server = await start(t, 'probe.py', ['--workers', '2'])
    equal((await server.get('/')).status, 200)
    server.signal(signal)
    equal((await server.exit()).code, 0)
    await server.gone()
    ok(!/Traceback|Error:/.test(server.stderr), server.stderr)
  })

  test(`${signal} finishes what runs and what is queued`, async (t) => {
    const server = await start(t, 'probe.py', ONE)
    const gate = new Gate(t)
    const running = await server.connect()
    await running.write(request('GET', `/wait?gate=${gate.path}`))
    await gate.entered()
    const queued = await Promise.all(Array.from({ length: 10 }, () => server.connect()))
    for (const client of queued) await client.write(request('GET', '/queued'))
    await eventually(async () => (await server.exchange('BAD\r\n\r\n')).length > 0, 'a refusal')
    server.signal(signal)
    await server.until(/stop|drain|shut/i, { from: server.startLines.length })
    gate.open()
    const answer = await running.response()
    equal(answer.status, 200)
    equal(answer.header('connection'), 'close')
    for (const client of queued) equal((await client.response()).text, 'Hello! You requested: /queued')
    equal((await server.exit()).code, 0)
  })

  test(`${signal} to the whole process group is the same`, async (t) => {
    const server = await start(t, 'probe.py', ['--workers', '2'], { ownGroup: true })
    const gate = new Gate(t)
    const running = await server.connect()
    await running.write(request('GET', `/wait?gate=${gate.path}`))
    await gate.entered()
    server.signalGroup(signal)
    await server.until(/stop|drain|shut/i, { from: server.startLines.length })
    gate.open()
    equal((await running.response()).status, 200)
    equal((await server.exit()).code, 0)
    await server.gone()
    ok(!/Traceback|KeyboardInterrupt/.test(server.stderr), server.stderr)
  })
}

test('the kernel’s backlog is still served', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '2'])
  equal((await server.get('/')).status, 200)
  server.signal('SIGSTOP')
  await eventually(() => processRow(server.pid)?.state === 'T', 'the front to stand still')
  const clients = await Promise.all(Array.from({ length: 200 }, () => server.connect()))
  for (const client of clients) await client.write(request('GET', '/backlog'))
  server.signal('SIGTERM')
  server.signal('SIGCONT')
  const answers = await Promise.all(clients.map((client) => client.response()))
  equal(answers.filter((answer) => answer.status === 200).length, 200)
  equal((await server.exit()).code, 0)
})

test('the backlog of clients that send after the signal is served too', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  server.signal('SIGSTOP')
  await eventually(() => processRow(server.pid)?.state === 'T', 'the front to stand still')
  const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
  server.signal('SIGTERM')
  server.signal('SIGCONT')
  await server.until(/stop|drain|shut/i, { from: server.startLines.length })
  for (const client of clients) await client.write(request('GET', '/')).catch(() => {})
  const answers = await Promise.all(clients.map((client) => client.response().catch(() => null)))
  equal(answers.filter((answer) => answer?.status === 200).length, 20)
})

test('a kept-alive connection gets one last answer with Connection: close', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '2'])
  const gate = new Gate(t)
  const idle = await server.connect()
  await idle.write(request('GET', '/'))
  equal((await idle.response()).header('connection'), null)
  const running = await server.connect()
  await running.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  server.signal('SIGTERM')
  await server.until(/stop|drain|shut/i, { from: server.startLines.length })
  await idle.write(request('GET', '/last'))
  const last = await idle.response()
  equal(last.text, 'Hello! You requested: /last')
  equal(last.header('connection'), 'close')
  equal((await idle.rest()).length, 0)
  gate.open()
  equal((await running.response()).status, 200)
  equal((await server.exit()).code, 0)
})

test('an upload that is on its way is finished', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const client = await server.connect()
  await client.write(request('POST', '/echo', [['Content-Length', '10']]))
  await client.write('12345')
  await eventually(async () => (await server.get('/')).status === 200, 'an answer')
  server.signal('SIGTERM')
  await server.until(/stop|drain|shut/i, { from: server.startLines.length })
  await client.write('67890')
  equal((await client.response()).text, '1234567890')
  equal((await server.exit()).code, 0)
})

test('a large answer that is on its way is finished', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const client = await server.connect({ paused: true })
  await client.write(request('GET', '/sized?size=20000000'))
  equal((await server.get('/')).status, 200)
  server.signal('SIGTERM')
  await server.until(/stop|drain|shut/i, { from: server.startLines.length })
  client.resume()
  equal((await client.response()).body.length, 20_000_000)
  equal((await server.exit()).code, 0)
})

test('after a stop nobody is accepted', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const gate = new Gate(t)
  const running = await server.connect()
  await running.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  server.signal('SIGTERM')
  const refused = () =>
    server.connect().then(
      (client) => client.close(),
      () => true,
    )
  await eventually(refused, 'a refused connection')
  gate.open()
  equal((await running.response()).status, 200)
  equal((await server.exit()).code, 0)
})

test('--graceful-timeout bounds the stop', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--graceful-timeout', '500ms'])
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(request('GET', `/spin?name=in&log=${notes.path}`))
  await notes.until(1)
  server.signal('SIGTERM')
  await server.exit(10_000)
  await server.gone()
})

test('a second signal ends at once', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  server.signal('SIGTERM')
  await server.until(/stop|drain|shut/i, { from: server.startLines.length })
  server.signal('SIGTERM')
  await server.exit(5000)
  await server.gone(5000)
})

test('a signal while the application loads ends at once', async (t) => {
  const notes = new Notes(t)
  const server = run(t, ['slow_import.py', ...ONE, '--bind', '127.0.0.1:0'], { env: { NOTES: notes.path } })
  await notes.until(1)
  server.signal('SIGTERM')
  await server.exit(5000)
  await server.gone(5000)
})
