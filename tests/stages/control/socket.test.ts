import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { askServer } from '../../../src/control/client.ts'
import { readServerFile } from '../../../src/control/serverFile.ts'
import { openControl } from '../../../src/control/socket.ts'
import { Fault } from '../../../src/faults/fault.ts'
import { atEnd } from '../../kit/ends.ts'
import { FakeOperations, serveControl, serverFile, temporaryFolder } from './fakes.ts'

test("the socket is its user's alone, and server.json tells whose", async (t) => {
  const folder = await serveControl(t, temporaryFolder(t), new FakeOperations())
  equal(statSync(join(folder, 'control.sock')).mode & 0o777, 0o600)
  equal(statSync(join(folder, 'server.json')).mode & 0o777, 0o600)
  deepEqual(readServerFile(folder), serverFile())
  deepEqual(readdirSync(folder).sort(), ['control.sock', 'server.json'])
})

test('the umask of the process is what it was', async (t) => {
  const before = process.umask(0o027)
  atEnd(t, () => process.umask(before))
  await serveControl(t, temporaryFolder(t), new FakeOperations())
  equal(process.umask(), 0o027)
})

test('it is asked and answers; a fault comes back as what it was', async (t) => {
  const operations = new FakeOperations()
  const socket = join(await serveControl(t, temporaryFolder(t), operations), 'control.sock')
  deepEqual(await askServer(socket, { method: 'GET', path: '/v1/status' }), operations.now)
  deepEqual(await askServer(socket, { method: 'POST', path: '/v1/scale', body: { workers: 4 } }), { workers: 4 })
  operations.onReload = () => Promise.reject(new Fault('RELOAD_FAILED', { detail: 'x' }, 'Traceback'))
  await rejects(askServer(socket, { method: 'POST', path: '/v1/reload', patient: true }), (error: Fault) => {
    deepEqual([error.code, error.message, error.trace], ['RELOAD_FAILED', 'the reload failed: x', 'Traceback'])
    return true
  })
})

test('a body that is too large is refused and let go by', async (t) => {
  const socket = join(await serveControl(t, temporaryFolder(t), new FakeOperations()), 'control.sock')
  const huge = { workers: 'x'.repeat(1024 ** 2) }
  await rejects(askServer(socket, { method: 'POST', path: '/v1/scale', body: huge }), { code: 'CONTROL_REQUEST' })
  await askServer(socket, { method: 'GET', path: '/v1/status' })
})

test('nobody on the socket, or no socket: the server is silent', async (t) => {
  const folder = temporaryFolder(t)
  await rejects(askServer(join(folder, 'none'), { method: 'GET', path: '/v1/status' }), { code: 'SERVER_SILENT' })
})

test('a server that ends within its answer is silent', async (t) => {
  const operations = new FakeOperations()
  const folder = temporaryFolder(t)
  const control = await openControl(folder, serverFile(), operations, () => {})
  operations.onReload = () => {
    control!.close()
    return new Promise(() => {})
  }
  await rejects(askServer(join(folder, 'control.sock'), { method: 'POST', path: '/v1/reload', patient: true }), {
    code: 'SERVER_SILENT',
  })
})

test("where it can't be made, a note is all", async (t) => {
  const notes: string[] = []
  const control = await openControl(join(temporaryFolder(t), 'none'), serverFile(), new FakeOperations(), (text) =>
    notes.push(text),
  )
  equal(control, null)
  match(notes.join('\n'), /^there is no control socket: /)
})

test('a file that is half written is no server', (t) => {
  const folder = temporaryFolder(t)
  equal(readServerFile(folder), null)
  writeFileSync(join(folder, 'server.json'), '{"pid": 1')
  equal(readServerFile(folder), null)
  writeFileSync(join(folder, 'server.json'), '{"pid": 1}')
  equal(readServerFile(folder), null)
})

test('it is plain HTTP: each connection has one answer', async (t) => {
  const socketPath = join(await serveControl(t, temporaryFolder(t), new FakeOperations()), 'control.sock')
  const headers = await new Promise<Record<string, unknown>>((resolve) => {
    request({ socketPath, path: '/v1/status' }, (response) => {
      response.resume()
      resolve(response.headers)
    }).end()
  })
  equal(headers.connection, 'close')
  equal(headers['cache-control'], 'no-store')
  equal(headers['content-type'], 'application/json')
})
