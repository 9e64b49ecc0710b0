import { deepEqual, equal, match } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Client, request } from '../kit/client.ts'
import { folder, type LiveServer, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const V1 = 'PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n'
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb0071090a000001126701bb', 'hex')
const FROM_HERE = ['--proxy-protocol', 'auto', '--proxy-protocol-from', '127.0.0.1']

async function environ(client: Client, before: string | Buffer = ''): Promise<Record<string, unknown>> {
  await client.write(Buffer.concat([Buffer.from(before), request('GET', '/environ')]))
  return JSON.parse((await client.response()).text)
}

function told({ REMOTE_ADDR, REMOTE_PORT, PROXY_PROTOCOL, PROXY_ADDR, PROXY_PORT }: Record<string, unknown>) {
  return [REMOTE_ADDR, REMOTE_PORT, PROXY_PROTOCOL, PROXY_ADDR, PROXY_PORT]
}

async function serves(server: LiveServer): Promise<void> {
  for (let at = 0; at < 6; at++) {
    const [one, two, plain] = [await server.connect(), await server.connect(), await server.connect()]
    deepEqual(told(await environ(one, V1)), ['2001:db8::7', '4711', 'TCP6', '2001:db8::1', '443'])
    deepEqual(told(await environ(two, V2)), ['203.0.113.9', '4711', 'TCP4', '10.0.0.1', '443'])
    deepEqual(told(await environ(two)), ['203.0.113.9', '4711', 'TCP4', '10.0.0.1', '443'])
    equal((await environ(plain)).REMOTE_ADDR, '127.0.0.1')
    equal((await environ(plain)).PROXY_PROTOCOL, undefined)
    for (const client of [one, two, plain]) client.close()
  }
}

test('the application and the access log see the client', async (t) => {
  const log = join(folder(t), 'access')
  const server = await start(t, 'probe.py', ['--workers', '1', ...FROM_HERE, '--access-log', log])
  await serves(server)
  await server.stop()
  match(readFileSync(log, 'utf8'), /^2001:db8::7 - - /m)
})

test('so they do with several fronts, and over net.Socket', async (t) => {
  await serves(await start(t, 'probe.py', ['--workers', '1', '--fronts', '2', ...FROM_HERE]))
  const env = { _DRAM_NET_SOCKET: '1' }
  await serves(await start(t, 'probe.py', ['--workers', '1', ...FROM_HERE], { env }))
})

test('who is not named is told so, and a line says it', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1', '--proxy-protocol', 'v2'])
  const client = await server.connect()
  await client.write(Buffer.concat([V2, request('GET', '/environ')]))
  const answer = await client.response()
  equal(answer.status, 403)
  match(answer.text, /PROXY_PROTOCOL_FORBIDDEN/)
  await server.until(/refused: this peer may not send the PROXY protocol/)
})

test('peers of a Unix socket are named without being asked for', async (t) => {
  const path = join(folder(t), 'dram.sock')
  const server = await start(t, 'probe.py', ['--workers', '1', '--proxy-protocol', 'v1', '--bind', `unix:${path}`])
  deepEqual(told(await environ(await server.connect({ path }), V1)).slice(0, 2), ['2001:db8::7', '4711'])
})

test('several fronts count together whom their connections speak for', async (t) => {
  const args = ['--workers', '1', '--fronts', '2', '--max-client-connections', '2', ...FROM_HERE]
  const server = await start(t, 'probe.py', args)
  const open: Client[] = []
  for (let at = 0; at < 2; at++) {
    open.push(await server.connect())
    equal((await environ(open[at]!, V2)).REMOTE_ADDR, '203.0.113.9')
  }
  for (let at = 0; at < 4; at++) {
    const third = await server.connect()
    await third.write(Buffer.concat([V2, request('GET', '/environ')]))
    match((await third.response()).text, /TOO_MANY_OF_CLIENT/)
    equal((await environ(await server.connect(), V1.replace('::7', `::${at + 10}`))).PROXY_PROTOCOL, 'TCP6')
  }
  for (const client of open) client.close()
  await eventually(async () => {
    const again = await server.connect()
    await again.write(Buffer.concat([V2, request('GET', '/environ')]))
    return (await again.response()).status === 200
  }, 'room for the client again')
})
