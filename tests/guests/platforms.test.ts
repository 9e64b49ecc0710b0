import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, copyFileSync, linkSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import { atEnd, type Scope } from '../kit/ends.ts'
import { Ear } from '../kit/manager.ts'
import { folder, type LiveServer, PYTHON } from '../kit/server.ts'
import { served, typed } from '../kit/typed.ts'
import { eventually } from '../kit/wait.ts'
import { GUESTS } from './visit.ts'

/** Files as they lie in public repositories; what a platform makes of them is done here, with `dram` before the words. */
const read = (name: string) => readFileSync(join(GUESTS, 'platforms', name), 'utf8')

/** `KEY=value` of a unit file, or `KEY value` of a Dockerfile: the values in their order. */
function values(text: string, key: string): string[] {
  return [...text.matchAll(new RegExp(`^${key}[= ](.*)$`, 'gm'))].map(([, value]) => value!)
}

function newSite(scope: Scope): string {
  const home = folder(scope)
  execFileSync(PYTHON, ['-m', 'django', 'startproject', 'mysite', home], { cwd: home })
  return home
}

const GREETING = /The install worked successfully/

/** Python processes that call themselves workers. */
function workersOf(server: LiveServer): number {
  return server.pythons().filter(({ command }) => / worker \d+$/.test(command)).length
}

test('a Procfile: $PORT, WEB_CONCURRENCY, and both logs where the platform reads them', async (t) => {
  const home = folder(t)
  copyFileSync(join(GUESTS, 'documented/hello.py'), join(home, 'hello.py'))
  const [, web = ''] = /^web: (.*)$/m.exec(read('Procfile'))!
  const env = { PORT: '0', WEB_CONCURRENCY: '3', DYNO: 'web.1' }
  const server = await typed(t, `dram ${web}`, { cwd: home, env })
  equal((await server.get('/')).text, 'Hello, World!')
  equal((await server.workerPids(3)).length, 3)
  await server.untilOut(/127\.0\.0\.1 .*"GET \/ HTTP\/1\.1" 200 13/)
  // What the platform does when it moves the application: TERM, and half a minute later KILL.
  equal((await server.stop()).code, 0)
  await server.gone()
})

for (const isFirst of [false, true]) {
  const how = isFirst ? 'as process 1 of a namespace' : 'as a child'
  const skip = isFirst && process.getuid?.() !== 0 ? 'needs root' : false
  test(`the CMD of a Dockerfile, ${how}: words without a shell, variables, TERM`, { skip }, async (t) => {
    const dockerfile = read('Dockerfile')
    const words = JSON.parse(values(dockerfile, 'CMD')[0]!) as string[]
    const env = Object.fromEntries(
      values(dockerfile, 'ENV').flatMap((text) => [...text.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(pair)),
    )
    equal(env.GUNICORN_CMD_ARGS, '--max-requests 1000 --max-requests-jitter 100')
    const command = ['dram', ...words.map((word) => word.replace('0.0.0.0:8000', '127.0.0.1:0'))]
    const before = isFirst ? ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] : []
    const server = await served(t, [...before, ...command], { cwd: newSite(t), env })
    match((await server.get('/')).text, GREETING)
    await eventually(() => workersOf(server) === 2, 'two workers')
    await server.untilOut(/"GET \/ HTTP\/1\.1" 200/)
    if (isFirst) {
      const [front] = server.processes().filter(({ parent }) => parent === server.pid)
      process.kill(front!.pid, 'SIGTERM')
    } else server.signal('SIGTERM')
    equal((await server.exit()).code, 0)
    await server.gone()
  })
}

function pair([, name, quoted, plain]: RegExpMatchArray): [string, string] {
  return [name!, quoted ?? plain!]
}

test('a systemd unit with its socket: Type=notify, ExecReload, KillMode=mixed', async (t) => {
  const home = newSite(t)
  appendFileSync(join(home, 'mysite/settings.py'), 'RELEASE = 1\n')
  appendFileSync(
    join(home, 'mysite/urls.py'),
    `from django.conf import settings
from django.http import HttpResponse
urlpatterns.append(path("release/", lambda request: HttpResponse(settings.RELEASE)))
`,
  )
  const [service, socket] = [read('shop.service'), read('shop.socket')]
  deepEqual([values(service, 'Type'), values(service, 'KillMode')], [['notify'], ['mixed']])
  const path = join(home, values(socket, 'ListenStream')[0]!.replace(/^.*\//, ''))
  const notify = join(folder(t), 'notify')
  const ear = await Ear.open(t, notify)
  // Node removes the file of a socket that it closes: this one has two names.
  const holder = createServer().listen(`${path}.own`)
  await new Promise((resolve) => holder.once('listening', resolve))
  linkSync(`${path}.own`, path)

  const [program, ...words] = values(service, 'ExecStart')[0]!.split(' ')
  match(program!, /\/gunicorn$/)
  const env = Object.fromEntries(values(service, 'Environment').map((text) => text.split('=') as [string, string]))
  const { fd } = (holder as unknown as { _handle: { fd: number } })._handle
  // systemd puts its own pid into the variable: that of what it starts.
  const activated = ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', 'dram', 'gunicorn', ...words]
  const server = await served(t, activated, {
    cwd: home,
    env: { ...env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'shop.socket', NOTIFY_SOCKET: notify },
    descriptors: [fd],
  })
  holder.close()
  match(await ear.until('READY=1'), new RegExp(`^MAINPID=${server.pid}$`, 'm'))
  // Each on a connection of its own: Gunicorn's keep-alive of 2 s is short beside a reload on a busy machine.
  const ask = async (target: string) => {
    const client = await Client.connect({ path })
    atEnd(t, () => client.close())
    await client.write(request('GET', target, [['Host', 'localhost']]))
    return { client, text: (await client.response()).text }
  }
  await eventually(() => workersOf(server) === 2, 'two workers')

  equal((await ask('/release/')).text, '1')
  appendFileSync(join(home, 'mysite/settings.py'), 'RELEASE = 2\n')
  execFileSync('sh', ['-c', values(service, 'ExecReload')[0]!], { env: { ...process.env, MAINPID: `${server.pid}` } })
  await ear.until('RELOADING=1')
  await server.until(/reloaded: generation/)
  await ear.until(
    'READY=1',
    ear.heard.findIndex((text) => text.includes('RELOADING=1')),
  )
  const { client, text } = await ask('/release/')
  equal(text, '2')

  server.signal('SIGTERM')
  await ear.until('STOPPING=1')
  equal((await server.exit(1000 * Number(values(service, 'TimeoutStopSec')[0]))).code, 0)
  await server.gone()
  ok(client.socket.readableEnded || (await client.end()) === 'ended')
})
