import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import type { Scope } from '../kit/ends.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { isAlive, processRow, sendSignal } from '../kit/processes.ts'
import { APPS, DRAM, folder, PYTHON, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1']
const TWO = ['--workers', '2']
const isRoot = process.getuid?.() === 0
const asRoot = { skip: isRoot ? false : 'needs root' }

/** One line of /proc/PID/status. */
function statusOf(pid: number, name: string): string[] {
  const line = new RegExp(`^${name}:(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
  return line.trim().split(/\s+/).filter(Boolean)
}

test('the pid file: a stale one is replaced, that of a running server is refused', async (t) => {
  const pidfile = join(folder(t), 'dram.pid')
  writeFileSync(pidfile, `${spawnSync('true').pid}\n`)
  const server = await start(t, 'probe.py', [...ONE, '--pidfile', pidfile])
  equal(readFileSync(pidfile, 'utf8'), `${server.pid}\n`)
  const second = run(t, ['probe.py', ...ONE, '--bind', '127.0.0.1:0', '--pidfile', pidfile])
  equal((await second.exit()).code, 5)
  match(second.stderr, new RegExp(`PIDFILE.*${server.pid}`))
  equal(readFileSync(pidfile, 'utf8'), `${server.pid}\n`)
  equal((await server.stop()).code, 0)
  equal(existsSync(pidfile), false)
})

test('a start that fails leaves no pid file', async (t) => {
  const pidfile = join(folder(t), 'dram.pid')
  const server = run(t, ['none.py', ...ONE, '--bind', '127.0.0.1:0', '--pidfile', pidfile])
  equal((await server.exit()).code, 4)
  equal(existsSync(pidfile), false)
})

test('--umask: the application’s files, and the logs', async (t) => {
  const here = folder(t)
  const notes = join(here, 'notes')
  const server = await start(t, 'probe.py', [...ONE, '--umask', '077', '--access-log', join(here, 'access.log')])
  equal((await server.get(`/run?log=${notes}`)).status, 200)
  equal((statSync(notes).mode & 0o777).toString(8), '600')
  equal((statSync(join(here, 'access.log')).mode & 0o777).toString(8), '600')
})

test('titles name the server and what each process is to it', async (t) => {
  const here = folder(t)
  const server = await start(t, 'probe', TWO, { cwd: here, env: { PYTHONPATH: APPS } })
  await server.workerPids(2)
  const titles = server.processes().map(({ command }) => command)
  equal(titles[0], `dram: ${basename(here)} front`)
  for (const title of titles) ok(title.startsWith(`dram: ${basename(here)} `), title)
  const named = await start(t, 'probe.py', [...ONE, '--name', 'shop'])
  equal(named.processes()[0]!.command, 'dram: shop front')
})

test('--pre-stop-delay: it serves on and says that it is not ready, and a second signal cuts that short', async (t) => {
  const args = [...ONE, '--pre-stop-delay', '1h', '--health-paths']
  const server = await start(t, 'probe.py', args)
  equal((await server.get('/-/ready')).status, 200)
  server.signal('SIGTERM')
  await server.until(/SIGTERM: stopping/)
  equal((await server.get('/-/ready')).status, 503)
  equal((await server.get('/')).status, 200)
  server.signal('SIGTERM')
  equal((await server.exit()).code, 143)
  await server.gone()
})

test('SIGQUIT ends at once what runs', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  server.signal('SIGQUIT')
  deepEqual(await server.exit(5000), { code: 0, signal: null })
  await server.gone(5000)
})

test('SIGTTIN and SIGTTOU: one worker more, one less', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  server.signal('SIGTTIN')
  await server.workerPids(2)
  const from = server.lines.length
  server.signal('SIGTTOU')
  await server.until(/worker_ended/, { from })
  equal((await server.get('/')).status, 200)
})

test('SIGUSR1 opens the logs anew', async (t) => {
  const here = folder(t)
  const log = join(here, 'dram.log')
  const server = run(t, ['probe.py', ...ONE, '--bind', '127.0.0.1:0', '--log-file', log])
  await eventually(() => existsSync(log) && /\d workers? ×/.test(readFileSync(log, 'utf8')), 'the start')
  renameSync(log, `${log}.1`)
  server.signal('SIGUSR1')
  await eventually(() => existsSync(log) && /anew/.test(readFileSync(log, 'utf8')), 'a new log')
  ok(!/anew/.test(readFileSync(`${log}.1`, 'utf8')))
  equal((await server.stop()).code, 0)
})

test('SIGWINCH pauses: requests wait until a reload ends the pause', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  server.signal('SIGWINCH')
  await server.until(/paused/)
  await server.until(/worker_ended/)
  const waiting = server.get('/')
  const from = server.lines.length
  server.signal('SIGHUP')
  await server.until(/reloaded: generation/, { from })
  equal((await waiting).status, 200)
})

test('SIGHUP while it starts is obeyed once it serves', async (t) => {
  const here = folder(t)
  const notes = new Notes(t)
  const gate = new Gate(t)
  writeFileSync(
    join(here, 'shop.py'),
    `from probe import application\nopen(${JSON.stringify(notes.path)}, "a").write("loading\\n")\nopen(${JSON.stringify(gate.path)}).read()\n`,
  )
  const server = run(t, ['shop', ...ONE, '--bind', '127.0.0.1:0'], { cwd: here, env: { PYTHONPATH: APPS } })
  await gate.entered()
  server.signal('SIGHUP')
  gate.open()
  await server.until(/reload_begun/)
  await gate.entered()
  gate.open()
  await server.until(/reloaded: generation/)
})

for (const [what, change, code] of [
  ['a setting that can’t be read', 'workers = "x"', 'SETTING_INVALID'],
  ['a file that is none', '= = =', 'SETTINGS_FILE'],
  ['a folder that isn’t there', 'chdir = "/no/such/folder"', 'FOLDER_MISSING'],
  ['a Python that isn’t there', 'python = "/no/such/python"', 'PYTHON_NOT_FOUND'],
  ['an access log that can’t be opened', 'access-log = "/no/such/folder/log"', 'LOG_FILE'],
] as const) {
  test(`a reload with ${what}: the old goes on, and it is said why`, async (t) => {
    const here = folder(t, { 'dram.toml': 'threads = 1\n' })
    const server = await start(t, 'probe', ONE, { cwd: here, python: false, env: { PYTHONPATH: APPS } })
    writeFileSync(join(here, 'dram.toml'), `${change}\n`)
    server.signal('SIGHUP')
    await server.until(new RegExp(code))
    equal((await server.get('/')).status, 200)
    writeFileSync(join(here, 'dram.toml'), 'backlog = 7\n')
    server.signal('SIGHUP')
    await server.until(/need_restart.*--backlog|--backlog.*need_restart/)
    equal((await server.get('/')).status, 200)
  })
}

test('a terminal that is closed ends the server in it', async (t) => {
  // Opens a terminal, runs the command in it, closes it when the command has said enough.
  const program = `
import os, pty, sys
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"thread" not in said:
    said += os.read(master, 4096)
os.close(master)
print(os.waitpid(pid, 0)[1], flush=True)
`
  const command = [PYTHON, '-c', program, process.execPath, DRAM]
  const server = run(t, ['probe.py', ...ONE, '--bind', '127.0.0.1:0'], { command })
  await server.exit()
  equal(server.stdout, '0\n')
  await server.gone()
})

test('--touch-reload', async (t) => {
  const path = join(folder(t), 'reload')
  const server = await start(t, 'probe.py', [...ONE, '--touch-reload', path])
  writeFileSync(path, '')
  await server.until(/reloaded: generation 2/)
  writeFileSync(`${path}.new`, '')
  renameSync(`${path}.new`, path)
  await server.until(/reloaded: generation 3/)
})

test('a working folder that is a link: a reload finds what it points to now', async (t) => {
  const here = folder(t)
  for (const release of ['one', 'two']) {
    mkdirSync(join(here, release))
    const answer = `def app(e, s):\n    s("200 OK", [])\n    return [b"${release}"]\n`
    writeFileSync(join(here, release, 'app.py'), answer)
  }
  const current = join(here, 'current')
  const pointTo = (release: string) => {
    spawnSync('ln', ['-sfn', release, `${current}.new`])
    renameSync(`${current}.new`, current)
  }
  pointTo('one')
  const server = await start(t, 'app', ONE, { cwd: current, env: { PWD: current } })
  equal((await server.get('/')).text, 'one')
  pointTo('two')
  server.signal('SIGHUP')
  await server.until(/reloaded: generation/)
  equal((await server.get('/')).text, 'two')
})

// A daemon

interface Daemon {
  readonly pid: number
  readonly log: () => string
}

async function daemon(
  t: Scope,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Daemon & { port: number }> {
  const here = folder(t)
  const [log, pidfile] = [join(here, 'dram.log'), join(here, 'dram.pid')]
  const all = [
    'probe.py',
    ...ONE,
    '--bind',
    '127.0.0.1:0',
    '--daemon',
    '--log-file',
    log,
    '--pidfile',
    pidfile,
    ...args,
  ]
  const starter = run(t, all, { env })
  deepEqual(await starter.exit(), { code: 0, signal: null })
  equal(starter.stdout + starter.stderr.trim(), '')
  const said = () => readFileSync(log, 'utf8')
  const port = await eventually(() => Number(/127\.0\.0\.1:(\d+)/.exec(said())?.[1]), 'its lines in the log')
  return { pid: Number(readFileSync(pidfile, 'utf8')), port, log: said }
}

test('--daemon: it serves when the command ends, without a terminal, in a session of its own', async (t) => {
  const { pid, port, log } = await daemon(t, [])
  const session = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[3]
  equal(session, String(pid))
  const client = await Client.connect({ port })
  await client.write(request('GET', '/', [['Connection', 'close']]))
  equal((await client.response()).status, 200)
  sendSignal(pid, 'SIGTERM')
  await eventually(() => !isAlive(pid), 'the daemon to end')
  match(log(), /stopped/)
})

test('--daemon and an upgrade', async (t) => {
  const { pid, port, log } = await daemon(t, [])
  sendSignal(pid, 'SIGUSR2')
  await eventually(() => !isAlive(pid), 'the old one to end')
  match(log(), /upgraded/)
  const client = await Client.connect({ port })
  await client.write(request('GET', '/', [['Connection', 'close']]))
  equal((await client.response()).status, 200)
})

test('--daemon says why it failed, and fails with the same code', async (t) => {
  const log = join(folder(t), 'dram.log')
  const none = run(t, ['none.py', ...ONE, '--bind', '127.0.0.1:0', '--daemon', '--log-file', log])
  equal((await none.exit()).code, 4)
  match(none.stderr, /^dram: APP_NOT_FOUND: .*\nhint: /)
  const logless = run(t, ['probe.py', ...ONE, '--bind', '127.0.0.1:0', '--daemon'])
  equal((await logless.exit()).code, 2)
  match(logless.stderr, /DAEMON_LOGS/)
  await none.gone()
})

// Another user

const NOBODY = 65534
const SYSTEM_PYTHON = '/usr/bin/python3'
const canDrop = isRoot && existsSync(SYSTEM_PYTHON) && nobodyCanRead(DRAM)
const dropping = { skip: canDrop ? false : 'needs root, and a Python and a checkout that others may read' }

function nobodyCanRead(path: string): boolean {
  const argv = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', 'cat', path]
  return spawnSync('setpriv', argv, { stdio: 'ignore' }).status === 0
}

/** A folder with an application in it that everybody may read. */
function publicFolder(t: Scope): string {
  const here = folder(t, { 'app.py': readFileSync(join(APPS, 'probe.py'), 'utf8') })
  chmodSync(here, 0o755)
  return here
}

test('--user: ports, sockets and logs are opened first; then nobody is root any more', dropping, async (t) => {
  const here = publicFolder(t)
  const paths = ['dram.sock', 'dram.log', 'access.log', 'dram.pid', 'run/dram', 'spool'].map((name) => join(here, name))
  const [socket, log, access, pidfile, runtime, spool] = paths as [string, string, string, string, string, string]
  const options = ['--bind', `unix:${socket}`, '--log-file', log, '--access-log', access, '--pidfile', pidfile]
  const server = run(
    t,
    [
      'app',
      ...TWO,
      ...options,
      '--runtime-dir',
      runtime,
      '--spool-dir',
      spool,
      '--user',
      'nobody',
      '--group',
      'nogroup',
    ],
    { cwd: here, python: SYSTEM_PYTHON },
  )
  await eventually(() => existsSync(log) && /\d workers? ×/.test(readFileSync(log, 'utf8')), 'the start')
  const client = await Client.connect({ path: socket })
  await client.write(request('POST', '/echo', [['Connection', 'close']], 'x'.repeat(100_000)))
  equal((await client.response()).body.length, 100_000)
  for (const { pid } of server.processes()) {
    deepEqual(statusOf(pid, 'Uid'), Array(4).fill(String(NOBODY)))
    deepEqual(statusOf(pid, 'Gid'), Array(4).fill(String(NOBODY)))
    ok(!statusOf(pid, 'Groups').includes('0'))
  }
  for (const path of [socket, log, access, pidfile, runtime, spool]) equal(statSync(path).uid, NOBODY, path)
  equal((statSync(join(runtime, readdirSync(runtime)[0]!)).mode & 0o777).toString(8), '700')

  // Rotation, a reload and an upgrade still work.
  chmodSync(here, 0o777)
  renameSync(log, `${log}.1`)
  server.signal('SIGUSR1')
  await eventually(() => existsSync(log) && /anew/.test(readFileSync(log, 'utf8')), 'a new log')
  server.signal('SIGHUP')
  await eventually(() => /reloaded: generation/.test(readFileSync(log, 'utf8')), 'a reload')
  server.signal('SIGUSR2')
  equal((await server.exit()).code, 0)
  const successor = Number(readFileSync(pidfile, 'utf8'))
  deepEqual(statusOf(successor, 'Uid'), Array(4).fill(String(NOBODY)))
  sendSignal(successor, 'SIGTERM')
  await server.gone()
  for (const path of [socket, pidfile]) equal(existsSync(path), false, path)
})

test('--user without the right, and one who isn’t there', async (t) => {
  const unknown = run(t, ['probe.py', ...ONE, '--bind', '127.0.0.1:0', '--user', 'no-such-user'])
  equal((await unknown.exit()).code, 5)
  match(unknown.stderr, /USER_UNKNOWN.*no-such-user/)
  if (!canDrop) return
  const command = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', process.execPath, DRAM]
  const options = { command, cwd: publicFolder(t), python: SYSTEM_PYTHON }
  const forbidden = run(t, ['app', ...ONE, '--bind', '127.0.0.1:0', '--user', 'root'], options)
  equal((await forbidden.exit()).code, 5)
  match(forbidden.stderr, /USER_FORBIDDEN.*root/)
  const same = await start(t, 'app', [...ONE, '--user', 'nobody'], options)
  equal((await same.get('/')).status, 200)
})

// Containers

const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']

test('as process 1: signals work, and orphans are reaped', asRoot, async (t) => {
  // What a shell leaves behind in the background is nobody's child when the shell ends.
  const app =
    'import subprocess\ndef app(e, s):\n    s("200 OK", [])\n    return [subprocess.run(["sh", "-c", "sleep 0.1 & echo $!"], capture_output=True).stdout]\n'
  const options = { command: [...UNSHARE, process.execPath, DRAM], cwd: folder(t, { 'app.py': app }) }
  const server = await start(t, 'app', ONE, options)
  const front = server.processes().find(({ parent }) => parent === server.pid)!.pid
  equal(statusOf(front, 'NSpid').at(-1), '1')
  for (let at = 0; at < 5; at++) ok(Number((await server.get('/')).text) > 1)
  await eventually(() => !server.processes().some(({ command }) => command.startsWith('sleep')), 'the orphans to end')
  await eventually(() => zombiesBelow(front).length === 0, 'orphans to be reaped')
  sendSignal(front, 'SIGTERM')
  equal((await server.exit()).code, 0)
  await server.gone()
})

function zombiesBelow(front: number): number[] {
  const space = statSync(`/proc/${front}/ns/pid`).ino
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && processRow(pid)?.state === 'Z' && spaceOf(pid) === space)
}

function spaceOf(pid: number): number {
  try {
    return statSync(`/proc/${pid}/ns/pid`).ino
  } catch {
    return 0
  }
}

test('with a root file system that can’t be written, but for one folder', asRoot, async (t) => {
  const writable = folder(t)
  const script =
    'mount -o remount,ro,bind / / 2>/dev/null || mount --bind / / && mount -o remount,ro,bind /; mount --bind "$1" "$1" && mount -o remount,rw,bind "$1" && shift && exec "$@"'
  const probe = spawnSync('unshare', [
    '--mount',
    'sh',
    '-c',
    script,
    'sh',
    writable,
    'sh',
    '-c',
    '! touch /x 2>/dev/null',
  ])
  if (probe.status !== 0) return t.skip('no read-only root can be made here')
  const command = ['unshare', '--mount', 'sh', '-c', script, 'sh', writable, process.execPath, DRAM]
  const server = await start(t, 'probe.py', [...TWO, '--runtime-dir', writable], { command })
  const body = 'x'.repeat(3_000_000)
  equal((await server.send('POST', '/digest', [], body)).status, 200)
  equal((await server.get('/unsized?size=3000000')).body.length, 3_000_000)
  server.signal('SIGHUP')
  await server.until(/reloaded: generation/)
})
