import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { noBrowser, sharedBrowser } from '../kit/browser.ts'
import { folder, start } from '../kit/server.ts'

const browser = await sharedBrowser()

const PAGE = `
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html"), ("Set-Cookie", "seen=yes")])
    return ["<title>a page</title><p>{}</p>".format(environ.get("HTTP_COOKIE", "none")).encode()]
`

test('a page of an application, and its cookies', { skip: noBrowser }, async (t) => {
  const server = await start(t, 'simple', [], { cwd: folder(t, { 'simple.py': PAGE }) })
  const page = await browser.page(t)
  await page.goto(server.link)
  equal(await page.title(), 'a page')
  equal(await page.textContent('p'), 'none')
  await page.reload()
  equal(await page.textContent('p'), 'seen=yes')
})
