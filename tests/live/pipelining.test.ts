import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { shared } from '../kit/server.ts'

const server = await shared('probe.py', ['--workers', '2'])
// What is pipelined before the second worker is there waits for the first one.
await server.workerPids(2)

test('answers come in the order of the requests, whoever is done first', async (t) => {
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(
    Buffer.concat([
      request('GET', `/wait?gate=${gate.path}&name=slow`),
      request('GET', '/fast1'),
      request('GET', '/fast2'),
    ]),
  )
  await gate.entered()
  equal(client.heldBytes, 0)
  gate.open()
  const answers = await client.responses(3)
  deepEqual(
    answers.map((answer) => answer.text),
    ['waited slow', 'Hello! You requested: /fast1', 'Hello! You requested: /fast2'],
  )
})

test('safe requests of one connection run at the same time', async (t) => {
  const gates = [new Gate(t), new Gate(t)]
  const client = await server.connect()
  await client.write(Buffer.concat(gates.map((gate) => request('GET', `/wait?gate=${gate.path}`))))
  await Promise.all(gates.map((gate) => gate.entered()))
  for (const gate of gates) gate.open()
  equal((await client.responses(2)).length, 2)
})

test('an unsafe request waits for the answer before it', async (t) => {
  const gate = new Gate(t)
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(
    Buffer.concat([
      request('GET', `/wait?gate=${gate.path}&log=${notes.path}&name=get`),
      request('POST', `/run?log=${notes.path}&name=post`, [], 'body'),
    ]),
  )
  await gate.entered()
  // Another connection is served meanwhile: a worker was free for the POST.
  await server.get('/')
  deepEqual(names(notes), ['get'])
  gate.open()
  equal((await client.responses(2)).length, 2)
  deepEqual(names(notes), ['get', 'post'])
})

test('an unsafe request makes the next wait', async (t) => {
  const gate = new Gate(t)
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(
    Buffer.concat([
      request('POST', `/wait?gate=${gate.path}&log=${notes.path}&name=post`),
      request('GET', `/run?log=${notes.path}&name=get`),
    ]),
  )
  await gate.entered()
  await server.get('/')
  deepEqual(names(notes), ['post'])
  gate.open()
  equal((await client.responses(2)).length, 2)
  deepEqual(names(notes), ['post', 'get'])
})

test('after an answer that closes the connection nothing later runs', async (t) => {
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(
    Buffer.concat([
      request('GET', '/', [['Connection', 'close']]),
      request('POST', `/run?log=${notes.path}&name=late`),
    ]),
  )
  equal((await client.response()).status, 200)
  equal((await client.rest()).length, 0)
  await server.get('/')
  deepEqual(notes.lines(), [])
})

test('a refusal comes after the answers before it', async (t) => {
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(Buffer.concat([request('GET', `/wait?gate=${gate.path}`), Buffer.from('BAD\r\n\r\n')]))
  await gate.entered()
  equal(client.heldBytes, 0)
  gate.open()
  const [first, second] = await client.responses(2)
  equal(first?.status, 200)
  equal(second?.status, 400)
  equal((await client.rest()).length, 0)
})

test('five hundred pipelined requests, cut at odd places, get five hundred answers in order', async () => {
  const client = await server.connect()
  const count = 500
  const bytes = Buffer.concat(Array.from({ length: count }, (_, at) => request('GET', `/${at}`)))
  const pieces = Array.from({ length: Math.ceil(bytes.length / 997) }, (_, at) =>
    bytes.subarray(at * 997, (at + 1) * 997),
  )
  const [answers] = await Promise.all([client.responses(count), client.writePieces(pieces)])
  ok(answers.every((answer, at) => answer.text === `Hello! You requested: /${at}`))
})

test('read-ahead is bounded: a connection that only sends is not read for ever', async (t) => {
  const gate = new Gate(t)
  const client = await server.connect({ paused: true })
  await client.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  const one = request('GET', `/${'a'.repeat(4000)}`)
  let isSent = false
  const sending = (async () => {
    for (let at = 0; at < 5000; at++) await client.write(one)
    isSent = true
  })().catch(() => {})
  // The others are served on and on; the 20 MB of this one must not have been taken in by then.
  for (let at = 0; at < 50; at++) equal((await server.get('/')).status, 200)
  ok(!isSent)
  client.reset()
  gate.open()
  await sending
})

function names(notes: Notes): string[] {
  return notes.lines().map((line) => line.split(' ')[0]!)
}
