import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openListeners } from '../../../src/listen/open.ts'

const OPEN = fileURLToPath(new URL('../../../src/listen/open.js', import.meta.url))

// Opens what it inherited, tells where it listens and whether its own children would inherit it, too.
const HEIR = `
  const { openListeners } = await import(${JSON.stringify(OPEN)})
  const { readFileSync } = await import('node:fs')
  const [listener] = await openListeners([{ kind: 'fd', fd: 3 }], { backlog: 511, unixMode: 0o600 })
  const flags = Number.parseInt(/flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/3', 'latin1'))[1], 8)
  console.log(JSON.stringify({ where: listener.where, fd: listener.fd, closeOnExec: (flags & 0o2000000) !== 0 }))
  await listener.close()
`

async function heir(server: Server): Promise<unknown> {
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  const child = spawn(process.execPath, ['--input-type=module', '-e', HEIR], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
  })
  const [line] = await once(child.stdout!, 'data')
  return JSON.parse(String(line))
}

test('an inherited TCP socket', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const where = { kind: 'tcp', family: 4, address: '127.0.0.1', port }
  deepEqual(await heir(server), { where, fd: 3, closeOnExec: true })
  server.close()
})

test('an inherited Unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dram-fd-'))
  const path = join(folder, 'a b.sock')
  const server = createServer().listen(path)
  await once(server, 'listening')
  deepEqual(await heir(server), { where: { kind: 'unix', path }, fd: 3, closeOnExec: true })
  server.close()
  rmSync(folder, { recursive: true })
})

test('what is no listening socket is refused', async () => {
  const fd = openSync('/dev/null', 'r')
  const none = [fd, 1_000_000]
  for (const one of none) {
    await rejects(openListeners([{ kind: 'fd', fd: one }], { backlog: 1, unixMode: 0 }), (error: Error) => {
      equal((error as Error & { code: string }).code, 'BIND_FAILED')
      match(error.message, /inherited/)
      return true
    })
  }
  closeSync(fd)
})
