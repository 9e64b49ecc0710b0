import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { Reload } from '../../../src/dev/browser/reload.ts'
import type { RequestHead } from '../../../src/events/request.ts'
import type { DeskAnswer, OwnAnswer } from '../../../src/server/bystander.ts'

/** What a tab is told, as [event, data] each. */
class Tab implements DeskAnswer {
  readonly told: [kind: string, data: Record<string, unknown>][] = []
  status = 200
  readonly waitingBytes = 0
  onLeft = (): void => {}
  whole({ head }: OwnAnswer): void {
    this.status = head.status
  }
  begun(): void {}
  piece(bytes: Buffer): void {
    const [, kind = '', data = '{}'] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(bytes.toString()) ?? []
    this.told.push([kind, JSON.parse(data)])
  }
  ended(): void {}
}

function listen(reload: Reload, fields: Readonly<Record<string, string>> = {}): Tab {
  const tab = new Tab()
  const events = reload.pages.find(({ path }) => path === '/-/dev/events')!
  const list = Object.entries(fields).map(([name, value]) => ({ name, value }))
  const head = { block: { host: 'localhost:8000', fields: list } } as unknown as RequestHead
  events.answer({ head, facts: null!, body: null, url: new URL('http://localhost:8000/-/dev/events') }, tab)
  return tab
}

test('each change has a version, which pages carry from then on', () => {
  const reload = new Reload('a')
  const tab = listen(reload)
  match(reload.tag('GET'), /data-version="a\.0"/)
  reload.changed()
  reload.refreshed(['/shop/static/app.js', '/shop/static/app.css'])
  deepEqual(tab.told, [
    ['hello', { version: 'a.0' }],
    ['reload', { version: 'a.1' }],
    ['reload', { version: 'a.2' }],
  ])
  match(reload.tag('GET'), /data-version="a\.2"/)
  deepEqual(listen(reload).told, [['hello', { version: 'a.2' }]])
  reload.end()
})

test('style sheets and images take the place of the old ones; an image alone makes no page old', () => {
  const reload = new Reload('a')
  const tab = listen(reload)
  reload.refreshed(['/shop/static/app.css', '/shop/static/logo.png'])
  reload.refreshed(['/shop/media/upload.jpg'])
  deepEqual(tab.told.slice(1), [
    ['swap', { version: 'a.1', stamp: 'a.1', styles: ['app.css'], images: ['logo.png'] }],
    ['swap', { version: 'a.1', stamp: 'a.2', styles: [], images: ['upload.jpg'] }],
  ])
  reload.end()
})

test('pages of other sites get no stream', () => {
  const reload = new Reload('a')
  equal(listen(reload, { 'sec-fetch-site': 'cross-site' }).status, 403)
  equal(listen(reload, { origin: 'http://localhost:9000' }).status, 403)
  deepEqual(listen(reload, { 'sec-fetch-site': 'same-origin' }).told, [['hello', { version: 'a.0' }]])
  reload.end()
})
