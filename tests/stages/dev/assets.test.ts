import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { asset, assetPage } from '../../../src/dev/assets.ts'
import { inspectorPages } from '../../../src/dev/inspector/page.ts'
import type { OwnPage } from '../../../src/dev/pages.ts'
import type { OwnAnswer } from '../../../src/server/bystander.ts'
import { ROOT } from '../../kit/server.ts'

function answerOf({ answer }: OwnPage, path: string): OwnAnswer {
  let whole: OwnAnswer | null = null
  const desk = {
    whole: (given: OwnAnswer) => (whole = given),
    begun() {},
    piece() {},
    ended() {},
    waitingBytes: 0,
    onLeft() {},
  }
  answer({ url: new URL(path, 'http://localhost') } as Parameters<OwnPage['answer']>[0], desk)
  return whole!
}

test('a file of pages/ is sent as it is, with its type and a policy that lets nothing inline run', () => {
  const { head, body } = answerOf(assetPage('/-/x.css', 'inspector/inspector.css'), '/-/x.css')
  deepEqual(body, readFileSync(join(ROOT, 'pages/inspector/inspector.css')))
  match(head.head, /^200 OK\r\nContent-Type: text\/css; charset=utf-8\r\n/)
  match(head.head, /Content-Security-Policy: default-src 'none'; script-src 'self'/)
  equal(asset('inspector/inspector.css'), asset('inspector/inspector.css'))
})

test('what has no page below a page is missing', () => {
  const [page] = inspectorPages()
  equal(answerOf(page!, '/-/inspector/').head.status, 200)
  equal(answerOf(page!, '/-/inspector/other').head.status, 404)
})

test('the Inspector has an address for each of its files, is small, and needs the token', () => {
  const pages = inspectorPages()
  const names = readdirSync(join(ROOT, 'pages/inspector')).filter((name) => name !== 'index.html')
  deepEqual(pages.map(({ path }) => path).sort(), ['', ...names].map((name) => `/-/inspector/${name}`).sort())
  deepEqual(
    pages.filter(({ need }) => need === 'token').map(({ path }) => path),
    ['/-/inspector/'],
  )
  const bytes = ['index.html', ...names].reduce((sum, name) => sum + asset(`inspector/${name}`).length, 0)
  ok(bytes < 80 * 1024, `${bytes} bytes`)
})

test('nothing of it is inline', () => {
  const html = asset('inspector/index.html').toString()
  equal(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=|javascript:/i.test(html), false)
})
