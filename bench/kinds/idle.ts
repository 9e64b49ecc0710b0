import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kind } from '../bout.ts'
import { AnswerReader } from '../load/answers.ts'

const AT_A_TIME = 100
const ANSWER_LIMIT_MS = 10_000
/** Who closes them does so by now. */
const SETTLE_MS = 500
const MIB = 1024 * 1024

/** What connections cost that have had an answer and say nothing more. */
export const idle: Kind<'idle'> = async ({ server, load, plan, wrk }) => {
  await wrk(Math.max(1, plan.warmupSeconds))
  const count = Math.max(AT_A_TIME, Math.round(load.connections * plan.share))
  const before = server.pssMiB
  const crowd: Socket[] = []
  try {
    while (crowd.length < count) {
      const some = Array.from({ length: Math.min(AT_A_TIME, count - crowd.length) }, () => visit(server.port))
      crowd.push(...(await Promise.all(some)))
    }
    await sleep(SETTLE_MS)
    const pss = server.pssMiB
    const lost = crowd.filter((socket) => socket.readyState !== 'open').length
    if (lost > 0) throw new Error(`${lost} of ${count} idle connections were closed`)
    return { idleBytes: ((pss - before) * MIB) / count, pss }
  } finally {
    for (const socket of crowd) socket.destroy()
  }
}

/** A connection that has had its answer. */
async function visit(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, timeout: ANSWER_LIMIT_MS })
  const reader = new AnswerReader()
  socket.on('timeout', () => socket.destroy())
  socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  await new Promise<void>((done, fail) => {
    socket.on('data', (bytes) => {
      const [answer] = reader.feed(bytes)
      if (answer?.status === 200) done()
      else if (answer) fail(new Error(`an idle connection got ${answer.status}`))
    })
    once(socket, 'close').then(() => fail(new Error('an idle connection was closed before its answer')), fail)
  })
  socket.setTimeout(0)
  socket.on('error', () => {})
  return socket
}
