import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scope } from './ends.ts'
import { Notes } from './gate.ts'
import { sendSignal } from './processes.ts'
import { APPS, folder, type LiveServer, start } from './server.ts'

/** What a deployment does: an application in a folder of its own, changed while it is served. */
export class Shop {
  readonly folder: string
  readonly notes: Notes
  server!: LiveServer

  constructor(scope: Scope) {
    this.folder = folder(scope)
    this.notes = new Notes(scope)
  }

  /** The application is the probe, with a page /version. */
  static async open(scope: Scope, args: readonly string[], prepare: (shop: Shop) => void = () => {}): Promise<Shop> {
    const shop = new Shop(scope)
    shop.write('1')
    prepare(shop)
    shop.server = await start(scope, 'shop', args, {
      cwd: shop.folder,
      // A cached module of the same size and second would be taken for the new one.
      env: { PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: APPS, NOTES: shop.notes.path },
    })
    return shop
  }

  /** @param first statements that run while it loads */
  write(version: string, first = ''): void {
    const text = `import probe
${first}

def application(environ, start_response):
    if environ["PATH_INFO"] == "/version":
        return probe.answer(start_response, ${JSON.stringify(version)})
    return probe.application(environ, start_response)
`
    this.file('shop.py', text)
  }

  file(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }

  touch(name: string): void {
    const now = new Date()
    utimesSync(join(this.folder, name), now, now)
  }

  hangUp(): void {
    sendSignal(this.server.pid, 'SIGHUP')
  }

  /** SIGHUP, and the line that says how it went. */
  async reload(guardMs?: number): Promise<string> {
    const from = this.server.lines.length
    this.hangUp()
    const options = guardMs === undefined ? { from } : { from, guardMs }
    return (await this.server.until(/reloaded: generation|reload failed|error .*code=/, options)).input!
  }

  async version(): Promise<string> {
    return (await this.server.get('/version')).text
  }
}
