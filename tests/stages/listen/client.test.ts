import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Acceptor } from '../../../src/listen/acceptor.ts'
import type { ClientOwner, ClientSocket } from '../../../src/listen/client.ts'
import { INSIDES } from '../../../src/listen/insides.ts'
import { NetClient } from '../../../src/listen/netClient.ts'
import { RawClient } from '../../../src/listen/rawClient.ts'
import { atEnd, fileScope } from '../../kit/ends.ts'
import { eventually, within } from '../../kit/wait.ts'

const MIB = 1024 * 1024
const folder = mkdtempSync(join(tmpdir(), 'dram-client-'))
atEnd(fileScope, () => rmSync(folder, { recursive: true }))

type Told = 'sent' | 'ended' | 'took' | 'heardEnd' | 'closed'

/** Our side of one connection, and what it was told. */
class Side implements ClientOwner {
  readonly client: ClientSocket
  readonly told: Told[] = []
  readonly buffers = new Set<ArrayBufferLike>()
  got = Buffer.alloc(0)
  onSent: () => void = () => {}
  /** Where the next bytes are to be read to. */
  room: Buffer | null = null

  constructor(client: ClientSocket) {
    this.client = client
  }

  clientSent(bytes: Buffer): void {
    this.buffers.add(bytes.buffer)
    this.got = Buffer.concat([this.got, bytes])
    this.told.push('sent')
    this.onSent()
  }

  clientRoom(): Buffer | null {
    return this.room
  }

  clientEnded(): void {
    this.told.push('ended')
  }

  clientTook(): void {
    this.told.push('took')
  }

  clientHeardEnd(): void {
    this.told.push('heardEnd')
  }

  clientClosed(): void {
    this.told.push('closed')
  }

  async hears(told: Told): Promise<void> {
    await eventually(() => this.told.includes(told), `${told} among ${this.told}`)
  }
}

class Room {
  readonly acceptor: Acceptor
  readonly isUnix: boolean
  readonly #t: TestContext
  readonly #path: string

  constructor(t: TestContext, kind: Kind) {
    this.#t = t
    this.acceptor = new Acceptor(kind.takesHandles)
    this.isUnix = kind.isUnix
    this.#path = join(folder, `${Math.random()}`)
    atEnd(t, () => this.acceptor.close())
  }

  async listen(): Promise<this> {
    await this.acceptor.listen(this.isUnix ? { path: this.#path } : { host: '127.0.0.1', port: 0 })
    return this
  }

  join(): Socket {
    const { port } = this.isUnix ? { port: 0 } : (this.acceptor.server.address() as AddressInfo)
    const socket = this.isUnix
      ? connect({ path: this.#path, allowHalfOpen: true })
      : connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    atEnd(this.#t, () => socket.destroy())
    return socket.on('error', () => {})
  }

  async pair(starts = true): Promise<{ side: Side; far: Socket }> {
    const arriving = new Promise<Side>((resolve) => this.acceptor.onClient((client) => resolve(new Side(client))))
    const far = this.join()
    const [side] = await within(Promise.all([arriving, once(far, 'connect')]), 'a connection')
    atEnd(this.#t, () => side.client.destroy())
    if (starts) side.client.start(side)
    return { side, far }
  }
}

interface Kind {
  readonly name: string
  readonly takesHandles: boolean
  readonly isUnix: boolean
}

const KINDS: readonly Kind[] = [true, false].flatMap((takesHandles) =>
  [false, true].map((isUnix) => ({
    name: `${takesHandles ? 'handle' : 'net.Socket'}, ${isUnix ? 'Unix' : 'TCP'}`,
    takesHandles,
    isUnix,
  })),
)

for (const kind of KINDS) {
  const cases = (name: string, run: (room: Room, t: TestContext) => Promise<void>) =>
    test(`${kind.name}: ${name}`, async (t) => run(await new Room(t, kind).listen(), t))

  cases('it is the kind that was asked for, and knows its ends', async (room) => {
    const { side, far } = await room.pair()
    ok(side.client instanceof (kind.takesHandles && INSIDES !== null ? RawClient : NetClient))
    deepEqual(side.client.peer(), { address: kind.isUnix ? '' : '127.0.0.1', port: far.localPort ?? 0 })
    equal(side.client.localPort(), kind.isUnix ? 0 : (room.acceptor.server.address() as AddressInfo).port)
  })

  cases('bytes come in one buffer; a half-closed client gets its answer', async (room) => {
    const { side, far } = await room.pair()
    far.end('a request')
    await side.hears('ended')
    side.client.text('an \xe4nswer')
    side.client.end()
    equal(await latin1Of(far), 'an \xe4nswer')
    equal(String(side.got), 'a request')
    equal(side.buffers.size, 1)
    await side.hears('closed')
    deepEqual([side.client.bytesRead, side.client.bytesWritten], [9, 9])
    deepEqual(
      side.told.filter((told) => told !== 'heardEnd'),
      ['sent', 'ended', 'closed'],
    )
  })

  cases('our end first: the client is read on, and its end closes', async (room) => {
    const { side, far } = await room.pair()
    side.client.end()
    side.client.text('too late')
    equal(side.client.isEnded, true)
    await side.hears('heardEnd')
    equal(side.client.hasSaidEnd, true)
    far.write('still here')
    await side.hears('sent')
    equal(await latin1Of(far), '')
    equal(side.told.includes('closed'), false)
    far.end()
    await side.hears('closed')
    equal(side.told.filter((told) => told === 'closed').length, 1)
  })

  cases('paused in the midst, it brings nothing more, and goes on where it was', async (room) => {
    const whole = Buffer.alloc(3_000_000, 'abcdefghijklmnopq')
    const { side, far } = await room.pair()
    let isPaused = false
    side.onSent = () => {
      equal(isPaused, false)
      isPaused = true
      side.client.pause()
      setImmediate(() => {
        isPaused = false
        side.client.resume()
      })
    }
    far.end(whole)
    await side.hears('ended')
    ok(side.got.equals(whole))
  })

  if (kind.takesHandles && INSIDES !== null) {
    cases('bytes are read to where they are wanted, from the next read on, until they are not', async (room) => {
      const whole = Buffer.alloc(3_000_000, 'abcdefghijklmnopq')
      const { side, far } = await room.pair()
      const wanted = Buffer.alloc(whole.length)
      let at = 0
      side.onSent = () => {
        const last = at
        const isWanted: boolean = side.room !== null
        if (isWanted) at += side.got.length - 1000 - last
        side.room = at < 2_000_000 ? wanted.subarray(at) : null
        if (side.got.length % 3 === 0) {
          side.client.pause()
          setImmediate(() => side.client.resume())
        }
      }
      far.write(whole.subarray(0, 1000))
      await side.hears('sent')
      far.end(whole.subarray(1000))
      await side.hears('ended')
      ok(side.got.equals(whole))
      equal(side.buffers.size, 2)
      ok(at >= 2_000_000 && wanted.subarray(0, at).equals(whole.subarray(1000, 1000 + at)))
    })

    cases('who is told of nothing but bytes reads to where it did', async (room) => {
      const { side, far } = await room.pair()
      side.room = Buffer.alloc(100)
      far.write('one')
      await side.hears('sent')
      side.client.start({
        clientSent: (bytes) => side.clientSent(bytes),
        clientEnded: () => side.clientEnded(),
        clientTook() {},
        clientHeardEnd() {},
        clientClosed() {},
      })
      far.write('two')
      await eventually(() => side.told.length === 2, 'two')
      far.end('three')
      await side.hears('ended')
      equal(String(side.got), 'onetwothree')
      equal(side.buffers.size, 2)
    })
  }

  cases('the end of a client is not told while paused', async (room) => {
    const { side, far } = await room.pair()
    side.client.pause()
    far.end('bytes')
    await once(far, 'finish')
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    deepEqual(side.told, [])
    side.client.resume()
    await side.hears('ended')
    deepEqual(side.told, ['sent', 'ended'])
  })

  cases('what the kernel does not take at once waits, in its order, and is told of when it is taken', async (room) => {
    const { side, far } = await room.pair()
    far.pause()
    const { client } = side
    const large = Buffer.alloc(12 * MIB, 'large')
    client.text('head ')
    equal(client.waitingBytes, 0)
    client.bytes(large)
    ok(client.waitingBytes > 0)
    ok(client.takenBytes < large.length)
    client.framed('5\r\n', Buffer.from('small'), '\r\n')
    client.framed('', Buffer.from('bare'), '')
    client.text('last')
    equal(client.bytesWritten, 5 + large.length + 10 + 4 + 4)
    const before = client.takenBytes
    client.end()
    equal(side.told.length, 0)
    const text = await latin1Of(far)
    ok(client.takenBytes > before)
    equal(text.length, client.bytesWritten)
    ok(text === `head ${large}5\r\nsmall\r\nbarelast`)
    await side.hears('heardEnd')
    equal(client.waitingBytes, 0)
    ok(side.told.indexOf('took') < side.told.indexOf('heardEnd'))
  })

  cases('a small write behind a large one is told of too, each time', async (room) => {
    const { side, far } = await room.pair()
    for (let round = 1; round <= 2; round++) {
      far.pause()
      side.client.bytes(Buffer.alloc(8 * MIB))
      side.client.text('x')
      let left = 8 * MIB + 1
      far.on('data', (bytes) => {
        left -= bytes.length
      })
      far.resume()
      await eventually(() => left === 0 && side.told.length >= round, 'the bytes')
      equal(side.client.waitingBytes, 0)
      far.removeAllListeners('data')
    }
  })

  cases('a client that leaves in the midst of a large write ends it', async (room) => {
    const { side, far } = await room.pair()
    far.pause()
    side.client.bytes(Buffer.alloc(12 * MIB))
    far.resetAndDestroy !== undefined && !kind.isUnix ? far.resetAndDestroy() : far.destroy()
    await side.hears('closed')
    equal(side.client.isClosed, true)
    equal(side.told.includes('took'), false)
    side.client.text('to nobody')
    side.client.bytes(Buffer.alloc(MIB))
    side.client.framed('a', Buffer.alloc(MIB), 'b')
    side.client.end()
    side.client.pause()
    side.client.resume()
    side.client.destroy()
    side.client.reset()
    deepEqual([side.client.peer(), side.client.localPort()], [{ address: '', port: 0 }, 0])
    equal(side.client.takenBytes, 0)
    await new Promise(setImmediate)
    equal(side.told.filter((told) => told === 'closed').length, 1)
  })

  cases('a write that fails at once closes it, but never within the call', async (room) => {
    const { side, far } = await room.pair()
    side.client.pause()
    far.destroy()
    await once(far, 'close')
    await eventually(() => {
      const before = side.told.length
      side.client.text('anybody?')
      equal(side.told.length, before)
      return side.client.isClosed
    }, 'a failed write')
    await side.hears('closed')
  })

  cases('destroy tells the client and us, once, and not within the call', async (room) => {
    const { side, far } = await room.pair()
    side.onSent = () => {
      side.client.destroy()
      side.client.destroy()
      equal(side.told.includes('closed'), false)
      equal(side.client.isClosed, true)
    }
    far.write('x')
    equal(await latin1Of(far), '')
    await side.hears('closed')
    deepEqual(side.told, ['sent', 'closed'])
    equal(side.client.bytesRead, 1)
  })

  if (!kind.isUnix) {
    cases('a reset by the client closes it', async (room) => {
      const { side, far } = await room.pair()
      far.resetAndDestroy()
      await side.hears('closed')
      deepEqual(side.told, ['closed'])
    })

    cases('our reset reaches the client', async (room) => {
      const { side, far } = await room.pair()
      side.client.text('half an ans')
      await once(far, 'data')
      const failed = once(far, 'error')
      side.client.reset()
      equal((await within(failed, 'the reset'))[0].code, 'ECONNRESET')
      await side.hears('closed')
    })
  }

  cases('a reset in the midst of our end closes it all the same', async (room) => {
    const { side, far } = await room.pair()
    far.pause()
    side.client.bytes(Buffer.alloc(12 * MIB))
    side.client.end()
    side.client.reset()
    await side.hears('closed')
    ok((await latin1Of(far)).length < 12 * MIB)
  })

  cases('what came before there was a handler is not lost, nor its end', async (room) => {
    const far = room.join()
    const gone = room.join()
    far.end('early')
    await Promise.all([once(far, 'connect'), once(gone, 'connect')])
    gone.destroy()
    await eventually(() => room.acceptor.accepted === 2, 'both')
    const sides: Side[] = []
    room.acceptor.onClient((client) => {
      const side = new Side(client)
      sides.push(side)
      client.start(side)
    })
    await eventually(() => sides.some(({ told }) => told.includes('ended')), 'the end')
    const side = sides.find(({ got }) => got.length > 0)!
    equal(String(side.got), 'early')
    side.client.text('answered')
    side.client.end()
    equal(await latin1Of(far), 'answered')
  })

  cases('what waits for a handler is closed with the acceptor', async (room) => {
    const far = room.join()
    await eventually(() => room.acceptor.accepted === 1, 'it')
    room.acceptor.close()
    equal(await latin1Of(far), '')
  })
}

test('what is accepted is without Nagle, and is probed when silent', {
  skip: process.platform !== 'linux',
}, async () => {
  for (const takesHandles of [true, false]) {
    const acceptor = await new Acceptor(takesHandles).listen({ host: '127.0.0.1', port: 0 })
    const before = socketsHere()
    const arriving = new Promise<ClientSocket>((resolve) => acceptor.onClient(resolve))
    const far = connect((acceptor.server.address() as AddressInfo).port, '127.0.0.1')
    const [client] = await Promise.all([arriving, once(far, 'connect')])
    client.start(new Side(client))
    const { fd: farFd } = (far as unknown as { _handle: { fd: number } })._handle
    const sockets = socketsHere().filter((fd) => !before.includes(fd))
    const [fd] = sockets.filter((name) => Number(name) !== farFd)
    equal(sockets.length, 2)
    const ask = `import socket as s; o = s.socket(fileno=3).getsockopt
print(o(s.IPPROTO_TCP, s.TCP_NODELAY), o(s.SOL_SOCKET, s.SO_KEEPALIVE), o(s.IPPROTO_TCP, s.TCP_KEEPIDLE))`
    const asked = spawnSync('python3', ['-c', ask], { stdio: ['ignore', 'pipe', 'inherit', Number(fd)] })
    equal(String(asked.stdout).trim(), '1 1 60')
    client.destroy()
    far.destroy()
    acceptor.close()
  }
})

function socketsHere(): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      return false // the look at the folder
    }
  })
}

async function latin1Of(socket: Socket): Promise<string> {
  const parts: Buffer[] = []
  socket.on('data', (bytes) => parts.push(bytes)).resume()
  if (!socket.readableEnded) await within(once(socket, 'end'), 'the end of what is sent')
  return Buffer.concat(parts).toString('latin1')
}
