import { equal, match, ok } from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import { loads, openSite, SHOP, SITE_FILES, siteIn } from '../kit/devSite.ts'
import { atEnd } from '../kit/ends.ts'
import { folder, PYTHON, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

test('a save is answered by the new code, and no request is lost or sees an error meanwhile', async (t) => {
  const site = await openSite(t)
  equal(await site.text(), '1')
  for (let at = 2; at < 7; at++) {
    site.write('helper.py', `TEXT = "${at}"\n`) // the same size, and mostly the same second
    await eventually(async () => {
      const { status, text } = await site.server.get('/')
      equal(status, 200)
      return text === String(at)
    }, `version ${at}`)
  }
})

test('editors save in their own ways: rename over, delete and write, touch', async (t) => {
  const site = await openSite(t)
  site.write('.helper.py.swp', 'TEXT = "2"\n')
  renameSync(join(site.path, '.helper.py.swp'), join(site.path, 'helper.py'))
  await site.becomes('2')
  rmSync(join(site.path, 'helper.py'))
  await eventually(async () => (await site.server.get('/')).status === 500, 'the module to be missing')
  site.write('helper.py', 'TEXT = "3"\n')
  await site.becomes('3')
  const before = loads(site.server)
  utimesSync(join(site.path, 'helper.py'), new Date(), new Date())
  await eventually(() => loads(site.server) > before, 'a load after a touch')
})

test('what formats on saving writes a second time right after the first', async (t) => {
  const site = await openSite(t)
  site.write('helper.py', 'TEXT =   "2"\n')
  await eventually(() => site.server.stdout.includes('↻ helper.py'), 'the change to be seen')
  site.write('helper.py', 'TEXT = "3"\n')
  await site.becomes('3')
})

test('what is imported late and templates count; what is not imported does not', async (t) => {
  const site = await openSite(t)
  equal(await site.text('/lazy'), 'lazy 1')
  site.write('lazy.py', 'TEXT = "lazy 2"\n')
  await site.becomes('lazy 2', '/lazy')
  const before = loads(site.server)
  site.write('unused.py', 'raise SystemExit\n')
  site.write('templates/page.html', 'page 2')
  await eventually(() => loads(site.server) === before + 1, 'a load for the template')
  equal(/unused/.test(site.server.stdout), false)
})

test('what a request failed to import is loaded anew once it is mended', async (t) => {
  const path = folder(t, { ...SITE_FILES, 'lazy.py': 'TEXT = (\n' })
  const site = await siteIn(t, path, {}, false)
  match(await site.text('/lazy'), /SyntaxError/)
  const before = loads(site.server)
  site.write('lazy.py', 'TEXT = "mended"\n')
  await eventually(() => loads(site.server) === before + 1, 'a load')
  equal(await site.text('/lazy'), 'mended')
})

test('a load that somebody else has asked for ends the error, too', async (t) => {
  const site = await openSite(t)
  site.write('unseen', '')
  site.write('helper.py', 'import os\nassert not os.path.exists("unseen")\nTEXT = "2"\n')
  await eventually(async () => (await site.server.get('/')).status === 500, 'the error')
  rmSync(join(site.path, 'unseen')) // which nobody watches
  site.server.signal('SIGHUP')
  await site.becomes('2')
})

test('a signal and dram reload do what the key does: tabs hear of it, and an error is shown', async (t) => {
  const site = await openSite(t)
  site.write('unseen', 'first')
  site.write('helper.py', 'TEXT = open("unseen").read()\n')
  await site.becomes('first')
  const tab = await site.server.connect()
  await tab.write(request('GET', '/-/dev/events', [['Host', 'localhost']]))
  const hears = async (kind: string) => {
    for (let heard = ''; !heard.includes(`event: ${kind}\n`); ) heard += (await tab.some()).toString()
  }
  await hears('hello')
  await eventually(() => loads(site.server) > 0, 'the load to be told of')
  const before = loads(site.server)
  site.write('unseen', '2') // which nobody watches
  site.server.signal('SIGHUP')
  await hears('reload')
  await site.becomes('2')
  await eventually(() => loads(site.server) > before, 'this one, too')
  rmSync(join(site.path, 'unseen'))
  const command = ['reload', '--pid', String(site.server.pid)]
  const failed = run(t, command, { python: false })
  equal((await failed.exit()).code, 6)
  match(failed.stderr, /RELOAD_FAILED: [\s\S]*unseen/)
  await hears('reload')
  match(await site.text(), /FileNotFoundError/)
  site.write('unseen', '3')
  const mended = run(t, command, { python: false })
  equal((await mended.exit()).code, 0)
  match(mended.stdout, /^generation \d+ serves/)
  equal(await site.text(), '3')
})

test('many files at once are few changes', async (t) => {
  const site = await openSite(t)
  for (let at = 0; at < 300; at++) site.write(`templates/${at}.html`, String(at))
  site.write('helper.py', 'TEXT = "2"\n')
  await site.becomes('2')
  await eventually(() => loads(site.server) >= 1, 'a load')
  // One, as a rule; but a machine that is busy may need longer for them than a change waits for the next.
  ok(loads(site.server) <= 20, `${loads(site.server)} loads`)
})

test('an application that fails to load is an error page until a change mends it, also at the start', async (t) => {
  const path = folder(t, { 'shop.py': SHOP, 'helper.py': 'TEXT = (\n' })
  const server = run(t, ['dev', 'shop', '--bind', '127.0.0.1:0'], { cwd: path })
  const found = await eventually(() => /http:\/\/127\.0\.0\.1:(\d+)/.exec(server.stdout), 'its address')
  const ask = async (host = 'localhost') => {
    const client = await Client.connect({ port: Number(found[1]) })
    await client.write(Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))
    const answer = await client.response()
    client.close()
    return answer
  }
  const broken = await ask()
  equal(broken.status, 500)
  match(broken.text, /helper\.py", line 1[\s\S]*SyntaxError/)
  equal(/Syntax/.test((await ask('rebound.example')).text), false, 'a stranger’s name is told nothing')
  writeFileSync(join(path, 'helper.py'), 'TEXT = "mended"\n')
  await eventually(async () => (await ask()).text === 'mended', 'the mended code')
  writeFileSync(join(path, 'helper.py'), 'import nothing_like_it\n')
  await eventually(async () => /nothing_like_it/.test((await ask()).text), 'the next error')
  writeFileSync(join(path, 'helper.py'), 'TEXT = "again"\n')
  await eventually(async () => (await ask()).text === 'again', 'the mended code')
  equal((await server.stop()).code, 0)
})

test('files that --watch names are loaded anew, hidden ones and those of other folders, too', async (t) => {
  const other = folder(t)
  const site = await openSite(t, ['--watch', '.conf-*.yml', '--watch', other])
  site.write('helper.py', "TEXT = open('.conf-1.yml').read()\n")
  site.write('.conf-1.yml', 'one')
  await site.becomes('one')
  site.write('.conf-1.yml', 'two')
  await eventually(() => site.server.stdout.includes('.conf-1.yml'), 'the file')
  await site.becomes('two')
  writeFileSync(join(other, 'rates.bin'), '1')
  await eventually(() => site.server.stdout.includes('rates.bin'), 'the other folder')
})

test('a file that the application writes whenever it is loaded does not keep it loading', async (t) => {
  const site = await openSite(t)
  site.write('helper.py', "TEXT = open('notes.txt', 'a').write('loaded\\n') and 'writes'\n")
  await eventually(() => site.server.stdout.includes('notes.txt: changes at each load'), 'to be told')
  await site.becomes('writes')
  const before = loads(site.server)
  site.write('helper.py', 'TEXT = "2"\n')
  await site.becomes('2')
  ok(loads(site.server) <= before + 2)
})

test('pages get the script that reloads them, unless that is turned off', async (t) => {
  const page: [string, string][] = [
    ['Host', 'localhost'],
    ['Accept', 'text/html'],
  ]
  for (const [args, count] of [
    [[], 1],
    [['--no-browser-reload'], 0],
  ] as const) {
    const { server } = await openSite(t, args)
    equal((await server.get('/page', page)).text.split('/-/dev/reload.js').length - 1, count)
    equal((await server.get('/', page)).text, '1', 'it is no page')
    const script = await server.get('/-/dev/reload.js', page)
    equal(script.text.includes('EventSource'), count === 1)
  }
})

test('tracebacks are for this machine alone', async (t) => {
  const { server } = await openSite(t)
  match((await server.get('/fails', [['Host', `localhost:${server.port}`]])).text, /ValueError: told to/)
  for (const header of [
    ['Host', 'rebound.example'],
    ['X-Forwarded-For', '203.0.113.9'],
  ] as const) {
    const headers = header[0] === 'Host' ? [header] : [['Host', 'localhost'] as const, header]
    const answer = await server.get('/fails', headers)
    equal(answer.status, 500)
    equal(/told to/.test(answer.text), false, header[0])
  }
})

test('what comes while it loads waits for the new code', async (t) => {
  const site = await openSite(t)
  const client = await site.server.connect()
  site.write('helper.py', 'import time\ntime.sleep(0.3)\nTEXT = "2"\n')
  await eventually(() => site.server.stdout.includes('↻ helper.py'), 'the change to be seen')
  await client.write(request('GET', '/'))
  equal((await client.response()).text, '2')
})

test('a port that is taken: the next one, and it says so', async (t) => {
  const first = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    first.once('error', () => resolve(false))
    first.listen(8000, '127.0.0.1', () => resolve(true))
  })
  if (isFree) atEnd(t, () => first.close())
  const path = folder(t, { 'shop.py': SHOP, 'helper.py': 'TEXT = "1"\n' })
  const server = run(t, ['dev', 'shop'], { cwd: path })
  const found = await eventually(() => /http:\/\/127\.0\.0\.1:(\d+)/.exec(server.stdout), 'its address')
  ok(Number(found[1]) > 8000)
  match(server.stdout, /8000 is taken/)
})

test('many reloads leave no processes behind', async (t) => {
  const site = await openSite(t)
  const before = site.server.processes().length
  for (let at = 0; at < 20; at++) {
    site.write('helper.py', `TEXT = "r${at}"\n`)
    await site.becomes(`r${at}`)
  }
  await eventually(() => site.server.processes().length === before, 'the old generations to be gone')
})

test('dram gunicorn --reload watches, too, and its hooks run', async (t) => {
  const path = folder(t, {
    'shop.py': SHOP,
    'helper.py': 'TEXT = "1"\n',
    'notes.log': '',
    'gunicorn.conf.py': 'def post_fork(server, worker):\n    open("notes.log", "a").write("forked\\n")\n',
  })
  const server = await start(t, 'gunicorn', ['--reload', '--reload-extra-file', 'extra.cfg', 'shop'], {
    cwd: path,
    python: false,
    env: { DRAM_PYTHON: PYTHON },
  })
  equal((await server.get('/')).text, '1')
  writeFileSync(join(path, 'helper.py'), 'TEXT = "2"\n')
  await eventually(async () => (await server.get('/')).text === '2', 'the new code')
  const forks = () => readFileSync(join(path, 'notes.log'), 'utf8').split('forked').length - 1
  const before = forks()
  ok(before >= 2)
  writeFileSync(join(path, 'extra.cfg'), 'x')
  await eventually(() => forks() > before, 'a load for the further file')
  writeFileSync(join(path, 'helper.py'), 'TEXT = (\n')
  await eventually(async () => (await server.get('/')).status === 500, 'the error')
  writeFileSync(join(path, 'helper.py'), 'TEXT = "3"\n')
  await eventually(async () => (await server.get('/')).text === '3', 'the mended code')
})

test('nothing of it is in dram serve', async (t) => {
  const path = folder(t, { 'shop.py': SHOP, 'helper.py': 'TEXT = "1"\n' })
  const server = await start(t, 'shop', ['--workers', '1'], { cwd: path })
  writeFileSync(join(path, 'helper.py'), 'TEXT = "2"\n')
  equal(/told to/.test((await server.get('/fails', [['Host', 'localhost']])).text), false)
  equal((await server.get('/')).text, '1')
})
