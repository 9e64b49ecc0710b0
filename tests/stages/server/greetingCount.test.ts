import { deepEqual, equal } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Commons, commonMemory } from '../../../src/dispatch/commons.ts'
import type { ClientOwner, ClientSocket } from '../../../src/listen/client.ts'
import type { Listener } from '../../../src/listen/listener.ts'
import { Server, type ServerEvents } from '../../../src/server/server.ts'
import { Spool } from '../../../src/spool/spool.ts'
import { atEnd } from '../../kit/ends.ts'
import { FakeClock } from './fakeClock.ts'
import { settingsOf } from './house.ts'

test('a connection refused before its handshake is given back once to all fronts', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dram-greeting-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const refused: string[] = []
  const events = { refused: (_: unknown, { code }: { code: string }) => refused.push(code) } as unknown as ServerEvents
  const commons = new Commons(commonMemory(2, 1), 0)
  const server = new Server(
    settingsOf({ proxyProtocol: 'auto' }),
    100,
    new Spool({ parent: folder, limitBytes: 1 << 20 }),
    new FakeClock(),
    events,
    null,
    { commons, wake: () => {} },
  )
  let arrive!: (client: ClientSocket) => void
  const where = { kind: 'tcp', family: 4, address: '127.0.0.1', port: 1 } as const
  const onClient = (handler: typeof arrive) => {
    arrive = handler
  }
  server.serve([{ where, isSecure: true, onClient, close: async () => {} } as unknown as Listener])
  atEnd(t, () => server.close())

  let owner: ClientOwner | null = null
  const greet = (told: ClientOwner) => {
    owner = told
  }
  const destroy = () => owner?.clientClosed()
  arrive({
    isShaking: true,
    peer: () => ({ address: '127.0.0.1', port: 7 }),
    greet,
    destroy,
  } as unknown as ClientSocket)
  equal(commons.connections, 1)
  ;(owner as ClientOwner | null)!.clientSent(Buffer.from('PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n'))
  deepEqual([refused, commons.connections], [['PROXY_PROTOCOL_FORBIDDEN'], 0])
})
