import { equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loads, openSite, SITE_FILES, siteIn } from '../kit/devSite.ts'
import { FULL, folder, fullOnly } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

/** How programs save: in `folder`, `name` is to hold `text`. */
const SAVES: Readonly<Record<string, (folder: string, name: string, text: string) => void>> = {
  'over it': (at, name, text) => writeFileSync(join(at, name), text),
  'Vim, with a backup': (at, name, text) => {
    const path = join(at, name)
    writeFileSync(join(at, '4913'), '') // may it write here?
    rmSync(join(at, '4913'))
    renameSync(path, `${path}~`)
    writeFileSync(path, text)
    rmSync(`${path}~`)
  },
  'JetBrains, safely': (at, name, text) => {
    const path = join(at, name)
    writeFileSync(`${path}___jb_tmp___`, text)
    renameSync(path, `${path}___jb_old___`)
    renameSync(`${path}___jb_tmp___`, path)
    rmSync(`${path}___jb_old___`)
  },
  'Emacs, with a lock': (at, name, text) => {
    const path = join(at, name)
    symlinkSync('user@host.1234:1', join(at, `.#${name}`))
    writeFileSync(join(at, `#${name}#`), text)
    renameSync(path, `${path}~`)
    writeFileSync(path, text)
    rmSync(join(at, `#${name}#`))
    rmSync(join(at, `.#${name}`))
  },
  'a rename from elsewhere': (at, name, text) => {
    const draft = join(at, '..', `${name}.${process.pid}`)
    writeFileSync(draft, text)
    renameSync(draft, join(at, name))
  },
  'deleted, then written': (at, name, text) => {
    rmSync(join(at, name))
    writeFileSync(join(at, name), text)
  },
}

test('saves of all kinds, of equal size and mostly within a second, while Python writes bytecode', async (t) => {
  const parent = folder(t)
  const path = join(parent, 'site')
  mkdirSync(path)
  const site = await siteIn(t, path)
  let at = 1
  const saves = Object.entries(SAVES)
  for (const [how, save] of FULL ? [...saves, ...saves] : saves.slice(0, 3)) {
    at += 1
    save(path, 'helper.py', `TEXT = "${String(at).padStart(3, '0')}"\n`)
    await site.becomes(String(at).padStart(3, '0')).catch((error: Error) => {
      throw new Error(`${how}: ${error.message}; it said:\n${site.server.stdout}`)
    })
  }
  ok(readdirSync(join(path, '__pycache__')).some((name) => name.startsWith('helper.')))
  equal(site.server.stdout.includes('4913'), false)
})

test('a file that is empty for a while is loaded so, and then as it is', { skip: fullOnly }, async (t) => {
  const site = await openSite(t)
  site.write('helper.py', '')
  await eventually(async () => (await site.server.get('/')).status === 500, 'the empty file')
  site.write('helper.py', 'TEXT = "2"\n')
  await site.becomes('2')
})

test('what is deleted and restored, and a module that turns into a package', { skip: fullOnly }, async (t) => {
  const site = await openSite(t)
  const path = join(site.path, 'helper.py')
  renameSync(path, `${path}.away`)
  await eventually(async () => (await site.server.get('/')).status === 500, 'the module to be missing')
  renameSync(`${path}.away`, path)
  await site.becomes('1')
  rmSync(path)
  mkdirSync(join(site.path, 'helper'))
  site.write('helper/__init__.py', 'from .part import TEXT\n')
  site.write('helper/part.py', 'TEXT = "part 1"\n')
  await site.becomes('part 1')
  site.write('helper/part.py', 'TEXT = "part 2"\n')
  await site.becomes('part 2')
})

test('changes while it loads are loaded after it', async (t) => {
  const site = await openSite(t)
  for (let at = 0; at < (FULL ? 3 : 1); at++) {
    const before = loads(site.server)
    site.write('helper.py', `open("loading", "w")\nimport time\ntime.sleep(0.2)\nTEXT = "slow ${at}"\n`)
    await eventually(() => existsSync(join(site.path, 'loading')), 'the load to begin')
    site.write('helper.py', `TEXT = "fast ${at}"\n`)
    await site.becomes(`fast ${at}`)
    ok(loads(site.server) > before)
    rmSync(join(site.path, 'loading'))
  }
})

test('a project folder that is a symbolic link', { skip: fullOnly }, async (t) => {
  const parent = folder(t, {})
  const real = join(parent, 'releases')
  mkdirSync(real)
  symlinkSync(real, join(parent, 'current'))
  const site = await siteIn(t, join(parent, 'current'), { PWD: join(parent, 'current') })
  equal(await site.text(), '1')
  writeFileSync(join(real, 'helper.py'), 'TEXT = "2"\n')
  await site.becomes('2')
  site.write('helper.py', 'TEXT = (\n')
  await eventually(async () => (await site.server.get('/')).status === 500, 'the error')
  site.write('helper.py', 'TEXT = "3"\n')
  await site.becomes('3')
  const before = loads(site.server)
  site.write('templates/page.html', 'page 2')
  await eventually(() => loads(site.server) > before, 'a load for the template')
  equal(await site.text('/template'), 'page 2')
})

test('git: a branch with 500 other files, and back', { skip: fullOnly }, async (t) => {
  const path = folder(t, SITE_FILES)
  const git = (...args: string[]): void => {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false']
    execFileSync('git', [...identity, ...args], { cwd: path, stdio: 'ignore' })
  }
  const fill = (text: string): void => {
    for (let at = 0; at < 500; at++) writeFileSync(join(path, 'parts', `part${at}.py`), `TEXT = "${text}"\n`)
    writeFileSync(join(path, 'helper.py'), `from parts.part499 import TEXT\n`)
  }
  mkdirSync(join(path, 'parts'))
  git('init', '--initial-branch', 'main')
  fill('main')
  writeFileSync(join(path, '.gitignore'), '__pycache__/\n')
  git('add', '.')
  git('commit', '--message', 'main')
  git('checkout', '-b', 'side')
  fill('side')
  writeFileSync(join(path, 'parts', 'new.py'), '')
  git('add', '.')
  git('commit', '--message', 'side')
  const site = await siteIn(t, path, {}, false)
  equal(await site.text(), 'side')
  for (const branch of ['main', 'side', 'main']) {
    const before = loads(site.server)
    git('checkout', branch)
    await site.becomes(branch)
    await eventually(() => loads(site.server) > before, 'the load')
    match(readFileSync(join(path, 'parts/part0.py'), 'utf8'), new RegExp(branch))
  }
})
