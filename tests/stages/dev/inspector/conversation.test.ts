import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Conversation } from '../../../../src/dev/inspector/conversation.ts'
import type { RequestRecord } from '../../../../src/dev/inspector/request.ts'
import type { Connected } from '../../../../src/server/witness.ts'
import { defaultSettings } from '../../../../src/settings/load.ts'
import { asked } from '../asked.ts'

const GET = 'GET /more HTTP/1.1\r\nHost: x\r\n\r\n'
const CLOSE = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
const POST = 'POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n'

/** A connection, whose records ask for the time whenever something of them comes. */
function open() {
  const begun: RequestRecord[] = []
  let looks = 0
  const client = { peer: () => ({ address: '127.0.0.1', port: 1 }) }
  const connected = {
    client,
    limits: { ...defaultSettings(), maxBodyBytes: Number.POSITIVE_INFINITY },
    settings: defaultSettings,
    bug(error: unknown) {
      throw error
    },
  } as unknown as Connected
  const conversation = new Conversation(connected, 1, {
    get now() {
      return ++looks
    },
    wallMs: 0,
    begun: (record) => begun.push(record),
    changed() {},
  })
  const came = (text: string): void => conversation.bytesCame(Buffer.from(text))
  /** How many times `deed` makes a record look at the clock. */
  const looksDuring = (deed: () => void): number => {
    const before = looks
    deed()
    return looks - before
  }
  return { conversation, begun, came, looksDuring }
}

test('what a client sends behind its last request is not kept, however it comes', () => {
  const { came, looksDuring } = open()
  const alone = looksDuring(() => came(CLOSE))
  const other = open()
  equal(
    other.looksDuring(() => other.came(CLOSE + GET.repeat(1000))),
    alone,
  )
  equal(
    other.looksDuring(() => other.came(GET.repeat(1000))),
    0,
  )
})

test('nor is what comes behind an answer that ends the connection, but for the rest of its own request', () => {
  const { conversation, begun, came, looksDuring } = open()
  came(GET)
  conversation.request(asked()).answered(0)
  equal(
    looksDuring(() => came(GET.repeat(1000))),
    0,
  )
  const half = open()
  half.came(POST)
  half.conversation.request(asked()).answered(0)
  half.came(`body${GET}`)
  half.conversation.ended()
  deepEqual([begun.length, half.begun.length, half.begun[0]?.bytesIn.length], [1, 1, POST.length + 'body'.length])
})
