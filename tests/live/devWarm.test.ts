import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isAlive, sendSignal } from '../../tools/processes.ts'
import { folder, fullOnly, type LiveServer, PYTHON, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

/** Real packages, where this Python has them, and one that starts a thread. */
const REAL = 'flask django.core.wsgi falcon sqlparse'.split(' ')
const INSTALLED = {
  good: 'import fractions\n',
  threads: 'import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n',
}

const APP = `
import json, os, sys
from imported import *

def application(environ, start_response):
    stash = getattr(sys.modules.get("_dram.stash"), "current", None)
    names = sorted(name for name in sys.modules if not name.startswith("_dram"))
    variables = sorted(os.environ.items())
    facts = dict(warm=[unit.name for unit in stash.units], names=names, variables=variables, version=VERSION)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(facts).encode()]
`

interface Facts {
  readonly warm: readonly string[]
  readonly names: readonly string[]
  readonly variables: readonly (readonly string[])[]
  readonly version: number
}

interface Site {
  readonly server: LiveServer
  readonly installed: string
  /** Writes the module that imports, and returns what the application says then. */
  save(packages: readonly string[], more?: string): Promise<Facts>
}

let version = 0

function imports(packages: readonly string[], more = ''): string {
  return `${packages.map((name) => `import ${name}\n`).join('')}${more}\nVERSION = ${++version}\n`
}

async function open(t: TestContext, packages: readonly string[]): Promise<Site> {
  const path = folder(t, { 'shop.py': APP, 'imported.py': imports(packages) })
  const installed = join(path, 'venv/site-packages')
  for (const [name, text] of Object.entries(INSTALLED)) {
    mkdirSync(join(installed, name), { recursive: true })
    writeFileSync(join(installed, name, '__init__.py'), text)
  }
  const server = await start(t, 'dev', ['shop', '--log-level', 'info'], {
    cwd: path,
    env: { PYTHONPATH: installed },
    inThreads: true,
  })
  await eventually(() => server.stdout.includes('watching'), 'the watcher')
  const facts = async () => JSON.parse((await server.get('/')).text) as Facts
  const save = async (names: readonly string[], more?: string): Promise<Facts> => {
    writeFileSync(join(path, 'imported.py'), imports(names, more))
    const wanted = version
    await eventually(async () => (await facts()).version === wanted, 'the new code')
    return facts()
  }
  return { server, installed, save }
}

/** Saves once the packages are warm, until it is answered from there. */
async function warmed(site: Site, packages: readonly string[], more?: string): Promise<Facts> {
  return eventually(
    async () => {
      const isWarm = site.server.processes().some(({ command }) => command.includes('warm zygote'))
      const facts = isWarm ? await site.save(packages, more) : null
      return facts !== null && facts.warm.length > 0 ? facts : null
    },
    'a warm start',
    60_000,
  )
}

function existing(packages: readonly string[]): string[] {
  const test =
    'import sys, importlib\nfor name in sys.argv[1:]:\n try: importlib.import_module(name); print(name)\n except ImportError: pass'
  return execFileSync(PYTHON, ['-c', test, ...packages], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
}

test('a warm start has the modules and variables of a cold one, and packages that must not be shared are never warm', async (t) => {
  const packages = [...existing(REAL), 'good', 'threads']
  const site = await open(t, packages)
  const cold = JSON.parse((await site.server.get('/')).text) as Facts
  deepEqual(cold.warm, [])
  const warm = await warmed(site, packages)
  // Flask is one that `dram dev` waits for, to set its variables before it is imported.
  for (const name of ['good', 'flask']) equal(warm.warm.includes(name), packages.includes(name), name)
  ok(!warm.warm.includes('threads'))
  deepEqual(warm.names, cold.names)
  deepEqual(warm.variables, cold.variables)
})

test('what is imported no more is not there, and what has changed in a package is', async (t) => {
  const site = await open(t, ['good', 'threads'])
  await warmed(site, ['good', 'threads'])
  const without = await site.save(['threads'])
  ok(!without.names.includes('good'))
  await site.save(['good'])
  await warmed(site, ['good'])
  writeFileSync(join(site.installed, 'good/__init__.py'), 'HERE = "changed"\n')
  utimesSync(join(site.installed, 'good/__init__.py'), 1, 1)
  equal((await site.save(['good'], 'assert good.HERE == "changed"')).names.includes('fractions'), false)
})

test('the warm zygote is killed: the next start is cold; the front is killed: nothing is left', async (t) => {
  const site = await open(t, ['good'])
  await warmed(site, ['good'])
  const zygote = site.server.processes().find(({ command, parent }) => {
    return parent === site.server.pid && command.includes('warm zygote')
  })
  sendSignal(zygote!.pid, 'SIGKILL')
  await eventually(() => !isAlive(zygote!.pid), 'the warm zygote to be gone')
  deepEqual((await site.save(['good'])).warm, [])
  await warmed(site, ['good'])
  site.server.signal('SIGKILL')
  await site.server.gone()
})

test('250 reloads leave neither processes nor memory behind', { skip: fullOnly }, async (t) => {
  const packages = [...existing(REAL), 'good']
  const site = await open(t, packages)
  await warmed(site, packages)
  const found: number[] = []
  for (let round = 0; round < 5; round++) {
    for (let at = 0; at < 50; at++) await site.save(packages)
    await site.server.untilProcesses(4, 'the front, the warm zygote, one zygote and its worker', 20_000)
    found.push(site.server.memoryBytes())
  }
  // By the third there are as many journeys as the Inspector keeps.
  ok(found[4]! < found[2]! * 1.1, `bytes, each 50 reloads: ${found.join(', ')}`)
})
