import { equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { noBrowser, sharedBrowser } from '../kit/browser.ts'
import { folder, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const browser = await sharedBrowser()

const SHOP = `
def application(environ, start_response):
    print("asked for", environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/html")])
    yield b"<title>Tea</title>"
    yield environ["PATH_INFO"].encode("latin-1")
`

test('the Inspector of a dram dev that runs: a request as it comes, again, and a broken one', {
  skip: noBrowser,
}, async (t) => {
  const page = await browser.page(t)
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  const server = await start(t, 'dev', ['shop', '--log-level', 'info'], { cwd: folder(t, { 'shop.py': SHOP }) })
  const [link = ''] = await eventually(() => /http:\S+\/-\/dev\/open\S+/.exec(server.stdout), 'the link')
  equal((await server.get('/-/inspector/')).status, 403)
  await page.goto(link)
  equal(new URL(page.url()).pathname, '/-/inspector/')
  await page.locator('#live[data-state=live]').waitFor()

  await server.get('/tea?kind=green')
  await page.getByRole('link', { name: 'GET /tea?kind=green' }).click()
  await page.locator('.steps').getByText('generator').waitFor()
  match(
    (await page.locator('.steps').textContent()) ?? '',
    /shop:application.*printed.*asked for \/tea.*'200 OK'.*close\(\)/,
  )
  await page.locator('.key', { hasText: 'QUERY_STRING' }).hover()
  equal(await page.locator('pre .lit').textContent(), 'kind=green')
  equal(await page.locator('#respond .body').first().textContent(), '<title>Tea</title>')

  const number = (await page.locator('#title .number').textContent()) ?? ''
  await page.getByRole('button', { name: 'Replay' }).click()
  await page.getByRole('link', { name: number, exact: true }).waitFor() // "repeats #1"

  await page.getByRole('button', { name: 'New request' }).click()
  await page.getByRole('button', { name: 'Raw bytes' }).click()
  await page.getByRole('textbox', { name: 'Bytes' }).fill('GET / HTTP/1.1\nHost : x\n\n')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.getByRole('heading', { name: 'Refused at byte 20' }).waitFor()
  equal(await page.locator('mark.refused').first().textContent(), 'SP')

  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByText('No request came yet').waitFor()
  equal(said.join('\n'), '')
})
