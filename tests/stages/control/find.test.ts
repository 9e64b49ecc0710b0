import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { chooseServer, type FoundServer, findServers, parentsOf } from '../../../src/control/find.ts'
import { isRunning, pidSpace, startOf } from '../../../src/system/processes.ts'
import { atEnd } from '../../kit/ends.ts'
import { eventually } from '../../kit/wait.ts'
import { runtimeFolder, serverFile, temporaryFolder } from './fakes.ts'

const ANYWHERE = { pid: null, name: null, folder: '/nowhere' }

function found(pid: number, name: string, folder: string, successor?: number): FoundServer {
  return { ...serverFile({ name, folder }), pid, socketPath: `/run/${pid}`, ...(successor && { successor }) }
}

/** A process that lives until the test ends. */
async function bystander(t: TestContext): Promise<number> {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  await once(child, 'spawn')
  atEnd(t, () => child.kill('SIGKILL'))
  return child.pid!
}

test('servers are found by their folders, and where they are asked', async (t) => {
  const parent = temporaryFolder(t)
  const other = await bystander(t)
  const mine = runtimeFolder(parent, process.pid, serverFile())
  runtimeFolder(parent, other, serverFile({ pid: other, name: 'api' }))
  const { servers, closed } = findServers([parent, join(parent, 'none'), parent])
  deepEqual(
    servers.map(({ pid, name }) => [pid, name]),
    [
      [process.pid, 'shop'],
      [other, 'api'],
    ],
  )
  equal(servers[0]!.socketPath, join(mine, 'control.sock'))
  deepEqual(closed, [])
})

test('what is dead, of another space, a link or says another pid is passed over', (t) => {
  const parent = temporaryFolder(t)
  const start = startOf(process.pid)
  mkdirSync(join(parent, `dram-${pidSpace()}-${process.pid}-1`)) // a process with this pid, long ago
  mkdirSync(join(parent, `dram-1-${process.pid}-${start}`))
  symlinkSync('/tmp', join(parent, `dram-${pidSpace()}-1-${startOf(1)}`))
  runtimeFolder(parent, process.pid, serverFile({ pid: process.ppid }))
  deepEqual(findServers([parent]), { servers: [], closed: [] })
})

test('one without a control socket is known, but not asked', (t) => {
  const parent = temporaryFolder(t)
  runtimeFolder(parent, process.pid, null)
  const all = findServers([parent])
  deepEqual(all.closed, [{ pid: process.pid, why: 'it has no control socket' }])
  throws(() => chooseServer(all, { ...ANYWHERE, pid: process.pid }), {
    code: 'SERVER_SILENT',
    message: `the server does not answer on its control socket: pid ${process.pid}: it has no control socket`,
  })
  throws(() => chooseServer(all, ANYWHERE), { code: 'SERVER_NOT_FOUND', message: /it has no control socket/ })
})

test('one of another user is told of by its pid alone', () => {
  const all = { servers: [found(7, 'shop', '/srv')], closed: [{ pid: 8, why: 'it is a server of another user' }] }
  equal(chooseServer(all, ANYWHERE).pid, 7)
  throws(() => chooseServer(all, { ...ANYWHERE, pid: 8 }), { code: 'SERVER_SILENT', message: /another user/ })
})

test('by pid, by name, by the working folder, or the only one', () => {
  const [a, b, c] = [found(1, 'shop', '/srv/shop'), found(2, 'api', '/srv/api'), found(3, 'api', '/srv/old')]
  const all = { servers: [a!, b!, c!], closed: [] }
  equal(chooseServer(all, { ...ANYWHERE, pid: 3 }), c)
  equal(chooseServer(all, { ...ANYWHERE, name: 'shop' }), a)
  equal(chooseServer(all, { ...ANYWHERE, folder: '/srv/api' }), b)
  equal(chooseServer({ ...all, servers: [c!] }, ANYWHERE), c)
})

test('in doubt it says which ones there are', () => {
  const servers = [found(1, 'shop', '/srv/shop'), found(2, 'api', '/srv/api'), found(3, 'api', '/srv/api')]
  const all = { servers, closed: [] }
  throws(() => chooseServer(all, ANYWHERE), {
    code: 'SERVER_AMBIGUOUS',
    message: 'several servers run here: pid 1 shop (/srv/shop), pid 2 api (/srv/api), pid 3 api (/srv/api)',
    hint: 'choose one with --pid PID or --name NAME',
  })
  throws(() => chooseServer(all, { ...ANYWHERE, folder: '/srv/api' }), {
    message: 'several servers run here: pid 2 api (/srv/api), pid 3 api (/srv/api)',
  })
  throws(() => chooseServer(all, { ...ANYWHERE, name: 'api' }), { code: 'SERVER_AMBIGUOUS' })
  throws(() => chooseServer(all, { ...ANYWHERE, name: 'new' }), {
    code: 'SERVER_NOT_FOUND',
    message: /^no running server was found with the name new; there are pid 1 shop/,
  })
  throws(() => chooseServer(all, { ...ANYWHERE, pid: 9 }), { message: /found with pid 9; there are pid 1 shop/ })
  throws(() => chooseServer({ servers: [], closed: [] }, ANYWHERE), {
    code: 'SERVER_NOT_FOUND',
    message: 'no running server was found',
  })
})

test('a server that hands over is left out as long as its successor lives', () => {
  const [old, successor] = [found(1, 'shop', '/srv/shop', 2), found(2, 'shop', '/srv/shop')]
  const both = { servers: [old!, successor!], closed: [] }
  equal(chooseServer(both, { ...ANYWHERE, name: 'shop' }), successor)
  equal(chooseServer(both, { ...ANYWHERE, folder: '/srv/shop' }), successor)
  equal(chooseServer(both, { ...ANYWHERE, pid: 1 }), old)
  equal(chooseServer({ servers: [old!], closed: [] }, ANYWHERE), old)
})

test('where a runtime folder was named, it is looked for nowhere else', () => {
  deepEqual(parentsOf({ runtimeDir: '/srv/run', userDir: '/run/user/1' }), ['/srv/run'])
  const parents = parentsOf({ runtimeDir: null, userDir: '/run/user/1' })
  equal(parents.includes('/run/user/1') && parents.includes('/run'), true)
  match(parents[0]!, /^\//)
})

test('a process that has ended and was not reaped runs no more', async (t) => {
  // A shell that becomes sleep reaps nothing: its child stays a zombie.
  const shell = spawn('sh', ['-c', 'sh -c "echo \\$\\$; exit 0" & exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  atEnd(t, () => shell.kill('SIGKILL'))
  const [line] = (await once(shell.stdout!, 'data')) as [Buffer]
  const zombie = Number(line.toString())
  const start = startOf(zombie)
  await eventually(() => start === null || !isRunning(zombie, start), 'the end of a child')
  equal(isRunning(process.pid, startOf(process.pid)!), true)
  equal(isRunning(process.pid, '1'), false)
})
