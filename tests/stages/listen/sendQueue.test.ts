import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { SendQueues } from '../../../src/listen/sendQueue.ts'

const TITLE = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'

function line(local: string, remote: string, sent: string): string {
  return `   7: ${local} ${remote} 01 ${sent}:00000000 00:00000000 00000000     0        0 4711 1 0000 20 4 30 10 -1\n`
}

const V4 =
  TITLE + line('0100007F:1F90', '0200007F:C350', '00012345') + line('0100007F:1F90', '0200007F:C351', '00000000')
const V6 = TITLE + line('0000000000000000FFFF00000100007F:1F90', '0000000000000000FFFF00000300007F:C352', '00000010')

function client(address: string, port: number) {
  return { peer: () => ({ address, port }), localPort: () => 8080 }
}

test('what the kernel holds for a peer is found, of IPv4 and of IPv4 within IPv6', () => {
  const queues = new SendQueues(() => V4 + V6)
  equal(queues.of(client('127.0.0.2', 50_000), 0, 1_000), 0x12345)
  equal(queues.of(client('127.0.0.2', 50_001), 0, 1_000), 0)
  equal(queues.of(client('127.0.0.3', 50_002), 0, 1_000), 16)
  equal(queues.of(client('127.0.0.9', 50_000), 0, 1_000), 0)
  equal(queues.of(client('', 0), 0, 1_000), 0)
})

test('who asks in the same sweep shares the look, who asks a little later has to wait', () => {
  const queues = new SendQueues(() => V4)
  equal(queues.of(client('127.0.0.2', 50_000), 100, 1_000), 0x12345)
  equal(queues.of(client('127.0.0.9', 50_000), 100, 1_000), 0)
  equal(queues.of(client('127.0.0.2', 50_000), 300, 1_000), null)
  equal(queues.of(client('127.0.0.2', 50_000), 1_100, 1_000), 0x12345)
})

test('the dearer a look, the rarer it is, but never rarer than is asked for', () => {
  let looks = 0
  let nowMs = 0
  let costMs = 1
  const queues = new SendQueues(
    () => {
      looks++
      nowMs += costMs
      return ''
    },
    () => nowMs,
  )
  const one = client('127.0.0.2', 50_000)
  const looksBetween = (fromMs: number, toMs: number, mostRestMs: number) => {
    const before = looks
    for (let atMs = fromMs; atMs < toMs; atMs += 200) queues.of(one, atMs, mostRestMs)
    return looks - before
  }
  equal(looksBetween(0, 10_000, 7_500), 10)
  costMs = 50
  equal(looksBetween(10_000, 11_000, 7_500), 1)
  equal(looksBetween(11_000, 31_000, 7_500), 4)
  equal(looksBetween(31_000, 51_000, 2_000), 10)
})
