import { deepEqual, equal } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Warmth } from '../../../src/dev/warmth/warmth.ts'
import type { Begun, WarmZygoteOwner } from '../../../src/dev/warmth/warmZygote.ts'
import { Fault } from '../../../src/faults/fault.ts'
import type { Unconfigured } from '../../../src/supervisor/interpreter.ts'
import { atEnd } from '../../kit/ends.ts'

const FORKED = { pid: 1 } as Unconfigured

class FakeZygote {
  isWarm = false
  isAlive = true
  isRetired = false
  changedFile: string | null = null
  readonly begun: Begun
  readonly owner: WarmZygoteOwner

  constructor(begun: Begun, owner: WarmZygoteOwner) {
    this.begun = begun
    this.owner = owner
  }

  warm(refused: Readonly<Record<string, string>> = {}): void {
    this.isWarm = true
    this.owner.warm(refused)
  }

  fork(): Unconfigured {
    return FORKED
  }

  async changed(): Promise<string | null> {
    return this.changedFile
  }

  retire(): void {
    this.isRetired = true
  }

  kill(): void {
    this.isRetired = true
  }
}

/** A server that starts its application as it is told: `starts` has how each was. */
class Site {
  readonly warmth: Warmth
  readonly zygotes: FakeZygote[] = []
  readonly starts: ('cold' | 'warm')[] = []
  /** What the next starts show. */
  packages = ['flask', 'jinja2']
  strays: Record<string, string> = {}
  environment: Record<string, string> = {}
  fault: Fault | null = null
  readonly #folder: string

  constructor(t: TestContext) {
    this.#folder = mkdtempSync(join(tmpdir(), 'dram-test-'))
    atEnd(t, () => rmSync(this.#folder, { recursive: true }))
    this.warmth = new Warmth((begun, owner) => {
      const zygote = new FakeZygote(begun, owner)
      this.zygotes.push(zygote)
      return zygote
    })
    this.warmth.begin(this.#folder)
    this.#start()
    this.warmth.learn()
  }

  get zygote(): FakeZygote {
    return this.zygotes.at(-1)!
  }

  /** How the starts of this reload were. */
  async reload(): Promise<string> {
    const before = this.starts.length
    const fault = await this.warmth.load(async () => this.#start())
    equal(fault, this.fault)
    return this.starts.slice(before).join(' ')
  }

  #start(): Fault | null {
    const start = this.warmth.take('python3', this.environment) === null ? 'cold' : 'warm'
    this.starts.push(start)
    const strays = start === 'warm' ? this.strays : {}
    const facts = { packages: this.packages, strays, title: 'dram', chdir: null, pythonpath: [], beside: [] }
    if (this.fault === null || start === 'warm')
      writeFileSync(join(this.#folder, 'packages.json'), JSON.stringify(facts))
    return this.fault
  }
}

test('what a start has imported is imported beforehand; until that is done, starts are cold', async (t) => {
  const site = new Site(t)
  deepEqual(site.zygote.begun.packages, ['flask', 'jinja2'])
  equal(await site.reload(), 'cold')
  site.zygote.warm()
  equal(await site.reload(), 'warm')
  equal(await site.reload(), 'warm')
  equal(site.zygotes.length, 1)
})

test('a package that fails its trial is not tried again, and costs the others nothing', async (t) => {
  const site = new Site(t)
  site.zygote.warm({ flask: 'a thread runs' })
  equal(await site.reload(), 'warm')
  equal(site.zygotes.length, 1)
  site.packages = ['flask', 'jinja2', 'click']
  equal(await site.reload(), 'warm')
  equal(site.zygotes.length, 2)
  equal(site.zygotes[0]!.isRetired, true)
  deepEqual(site.zygote.begun.packages, ['jinja2', 'click'])
})

test('the same packages in another order are the same', async (t) => {
  const site = new Site(t)
  site.zygote.warm()
  site.packages = ['jinja2', 'flask']
  await site.reload()
  equal(site.zygotes.length, 1)
})

test('a start that went astray is made again, cold, and one that does so twice is no longer warm', async (t) => {
  const site = new Site(t)
  site.zygote.warm()
  site.strays = { flask: 'the variable HOME is set before it is imported' }
  equal(await site.reload(), 'warm cold')
  deepEqual(site.zygote.begun.packages, ['flask', 'jinja2'])
  site.zygote.warm()
  equal(await site.reload(), 'warm cold')
  deepEqual(site.zygote.begun.packages, ['jinja2'])
  site.zygote.warm()
  site.strays = {}
  equal(await site.reload(), 'warm')
  equal(site.zygotes.length, 3)
})

test('a file of a package that has changed, or the end of the warm zygote: again, cold', async (t) => {
  const site = new Site(t)
  site.zygote.warm()
  site.zygote.changedFile = '/lib/flask/app.py'
  equal(await site.reload(), 'warm cold')
  equal(site.zygotes.length, 2)
  site.zygote.warm()
  site.zygote.owner.ended()
  equal(await site.reload(), 'cold')
  equal(site.zygotes.length, 3)
})

test('a warm zygote that ends while its child starts', async (t) => {
  const site = new Site(t)
  site.zygote.warm()
  const { zygote } = site
  zygote.changed = async () => {
    zygote.owner.ended()
    return 'the warm zygote has ended'
  }
  equal(await site.reload(), 'warm cold')
})

test('with other variables a start is cold, and the next warm zygote has them', async (t) => {
  const site = new Site(t)
  site.zygote.warm()
  site.environment = { MODE: 'new' }
  equal(await site.reload(), 'cold')
  deepEqual(site.zygote.begun.environment, { MODE: 'new' })
  site.zygote.warm()
  equal(await site.reload(), 'warm')
})

test('an application that fails is shown at once, but not if it has gone astray', async (t) => {
  const site = new Site(t)
  site.zygote.warm()
  site.fault = new Fault('RELOAD_FAILED', { detail: 'a typing mistake' })
  equal(await site.reload(), 'warm')
  site.strays = { flask: 'sys.path is another' }
  equal(await site.reload(), 'warm cold')
})

test('only a reload that is asked for after a change is warm, and none after forget()', async (t) => {
  const site = new Site(t)
  site.zygote.warm()
  equal(site.warmth.take('python3', {}), null)
  site.warmth.forget()
  equal(await site.reload(), 'cold')
})

test('after three times in a row for nothing it is given up, until somebody asks for all anew', async (t) => {
  const site = new Site(t)
  site.zygote.warm()
  for (let at = 0; at < 2; at++) {
    site.zygote.changedFile = '/lib/flask/app.py'
    equal(await site.reload(), 'warm cold')
    site.zygote.warm()
  }
  equal(await site.reload(), 'warm') // which ends the row
  site.zygote.changedFile = '/lib/flask/app.py'
  await site.reload()
  for (let at = 0; at < 2; at++) {
    site.zygote.owner.ended() // before it was warm
    await site.reload()
  }
  const { length } = site.zygotes
  equal(await site.reload(), 'cold')
  equal(site.zygotes.length, length)
  site.warmth.forget()
  equal(await site.reload(), 'cold')
  equal(site.zygotes.length, length + 1)
})

test('what imports nothing installed has no warm zygote', async (t) => {
  const site = new Site(t)
  site.packages = []
  await site.reload()
  equal(site.zygotes.length, 1)
  equal(site.zygote.isRetired, true)
})
