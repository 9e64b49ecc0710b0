import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Journey } from '../../src/dev/inspector/journey.ts'
import { noBrowser, type Page, sharedBrowser } from '../kit/browser.ts'
import { atEnd } from '../kit/ends.ts'
import { StandIn } from '../kit/inspector.ts'
import { ALL, base64, hanging, journey, raised, refused, stream, upload } from '../kit/journeys.ts'
import { fullOnly, ROOT } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const browser = await sharedBrowser()
const skip = noBrowser
const long = noBrowser || fullOnly

// What is run in the page.
const check = (name: string) =>
  `${readFileSync(join(ROOT, `tests/browser/checks/${name}.js`), 'utf8').replace('export ', '')}\n${name}()`
const FAINT_TEXTS = check('faintTexts')
const UNNAMED = check('unnamed')
const WIDTH = "Math.max(document.documentElement.scrollWidth, document.querySelector('main').scrollWidth)"
const LEVELS = "[...document.querySelectorAll('h1, h2, h3, h4')].map((one) => Number(one.tagName[1]))"

interface Shown {
  readonly page: Page
  readonly server: StandIn
}

/** The page, at an address behind its `#`. What the browser says of errors, above all of its policy, fails the test. */
async function show(
  t: TestContext,
  journeys: readonly Journey[],
  hash = '',
  options: Parameters<typeof browser.page>[1] = {},
): Promise<Shown> {
  const page = await browser.page(t, options)
  const server = await new StandIn(journeys).open(t)
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  atEnd(t, () => deepEqual(said, []))
  await page.goto(server.url + hash)
  await page.locator('#live[data-state=live]').waitFor()
  return { page, server }
}

const heading = (page: Page) => page.getByRole('heading', { level: 2 }).last()
const texts = (page: Page, selector: string) => page.locator(selector).allTextContents()

test('the list fills as requests come, newest first, and a line changes as its request does', { skip }, async (t) => {
  const { page, server } = await show(t, [journey(1)])
  server.tell(hanging(2))
  const rows = page.getByRole('navigation', { name: 'Requests' }).getByRole('listitem')
  await rows.nth(1).waitFor()
  match((await rows.first().textContent()) ?? '', /running.*GET \/hangs/)
  server.tell({ ...hanging(2), status: 200, state: 'done', tookMs: 5 })
  await rows.first().getByText('200').waitFor()
  await page.getByText('GET /hangs 200').waitFor() // said to screen readers, after a while
})

test('a page that nobody looks at listens to nothing, and is up to date once it is shown again', {
  skip: long,
}, async (t) => {
  const { page, server } = await show(t, [hanging(1)], '#1')
  const turn = (isHidden: boolean) =>
    page.evaluate(`{
      Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }`)
  await page.getByText('goes on').first().waitFor()
  await turn(true)
  await eventually(() => server.listening === 0, 'the page to let go')
  server.tell({ ...hanging(1), status: 200, state: 'done', tookMs: 5 })
  server.tell(journey(2))
  await turn(false)
  await page.getByRole('navigation', { name: 'Requests' }).getByRole('listitem').nth(1).waitFor()
  await page.locator('.about').getByText('took').waitFor()
})

test('a journey has a card for each stage, from the bytes that came to those that went', { skip }, async (t) => {
  const { page } = await show(t, [upload(1), stream(2)], '#1')
  await heading(page).getByText('POST').waitFor()
  const titles = ['Listen', 'Parse', 'Route', 'Dispatch', 'Worker', 'Application', 'Respond']
  deepEqual(await texts(page, '.station b'), titles)
  for (const title of titles) equal(await page.getByRole('region', { name: new RegExp(`^${title}`) }).count(), 1, title)
  const came = page.getByRole('group', { name: 'Bytes that came' })
  deepEqual(
    (await came.locator('.piece').allTextContents()).map((one) => one.slice(0, 6)),
    ['read 1', 'read 2', 'read 3'],
  )
  deepEqual(await came.locator('.framing').allTextContents(), [
    '10CRLF\n',
    'CRLF\n',
    'eCRLF\n',
    'CRLF\n',
    '0CRLF\n',
    'CRLF\n',
  ])
  await page.goto(page.url().replace('#1', '#2'))
  await heading(page).getByText('/stream').waitFor()
  match(
    (await texts(page, '.steps'))[0] ?? '',
    /start_response\('200 OK'.*returned a generator.*write\(\).*chunk.*close\(\)/s,
  )
})

test('of a refused request the byte is marked, the rule is linked, and nothing behind it is said to be reached', {
  skip: long,
}, async (t) => {
  const { page } = await show(t, [refused(1)], '#1')
  await page.getByRole('heading', { name: 'Refused at byte 23' }).waitFor()
  deepEqual(await texts(page, 'mark.refused'), ['SP'])
  equal(await page.locator('#listen').getByRole('button', { pressed: true }).textContent(), 'Text')
  equal(
    await page.getByRole('link', { name: 'RFC 9112 §5.1' }).getAttribute('href'),
    'https://www.rfc-editor.org/rfc/rfc9112#section-5.1',
  )
  deepEqual(await texts(page, '.station.off b'), ['Route', 'Dispatch', 'Worker', 'Application'])
  await page.getByRole('button', { name: 'Hex' }).first().click()
  deepEqual(await texts(page, '#listen mark.refused'), ['20 ', ' '])
})

test('a key of environ and the bytes it was made of light up together', { skip }, async (t) => {
  const { page } = await show(t, [journey(1)], '#1')
  const key = (name: string) => page.locator('.key', { hasText: name })
  await key('QUERY_STRING').hover()
  deepEqual(await texts(page, 'pre .lit'), ['kind=green'])
  await page.locator('#listen pre .start').first().hover()
  deepEqual(await texts(page, '.environ .lit dt'), ['REQUEST_METHOD'])
  await key('HTTP_USER_AGENT').focus()
  deepEqual((await texts(page, 'pre .lit'))[0], 'user-agent')
  await page.locator('.steps .fields div').first().hover()
  deepEqual((await texts(page, '#respond pre .lit'))[0], 'Content-Type')
})

test('what requests and applications say is text, never HTML', { skip }, async (t) => {
  const nasty = '/<img/src=x/onerror=alert(1)>'
  const { page } = await show(t, [raised(1), journey(2, { target: nasty })], '#1')
  await page.getByText('no <b>tea</b> left').first().waitFor()
  await page.goto(page.url().replace('#1', '#2'))
  await heading(page).getByText(nasty).waitFor()
  equal(await page.locator('img, main b b').count(), 0)
})

test('keys: j and k choose, Enter goes to the journey, / to the filter, Tab begins with the way past the list', {
  skip,
}, async (t) => {
  const { page } = await show(t, ALL)
  const current = page.locator('#list [aria-current]')
  await page.keyboard.press('j')
  await current.getByText('/hangs').waitFor()
  await page.keyboard.press('j')
  await current.getByText('/slow').waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('k')
  await current.getByText('/slow').waitFor()
  await heading(page).getByText('/slow').waitFor()
  await page.keyboard.press('Enter')
  equal(await page.evaluate('document.activeElement.id'), 'title')
  await page.keyboard.press('/')
  await page.keyboard.type('4xx')
  deepEqual(await page.locator('#list li:not([hidden]) .badge').allTextContents(), ['400 refused'])
  await page.keyboard.press('Control+A')
  await page.keyboard.type('post /orders')
  deepEqual(await page.locator('#list li:not([hidden]) .what').allTextContents(), ['POST /orders'])
  await page.reload()
  await page.keyboard.press('Tab')
  equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the journey')
})

test('who goes to the journey while the next one comes stays there', { skip: long }, async (t) => {
  const { page } = await show(t, [journey(1), raised(2)], '#2')
  let come!: () => void
  const comes = new Promise<void>((resolve) => {
    come = resolve
  })
  await page.route('**/journeys/1', async (route) => {
    await comes
    await route.continue()
  })
  await page.locator('#list [aria-current]').focus()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  come()
  await heading(page).getByText('kind=green').waitFor()
  equal(await page.evaluate('document.activeElement.id'), 'title')
})

test('environ is one stop of the Tab key: the arrow keys move in it', { skip: long }, async (t) => {
  const { page } = await show(t, [journey(1)], '#1')
  equal(await page.locator('.environ [tabindex="0"]').count(), 1)
  await page.locator('.key', { hasText: 'REQUEST_METHOD' }).focus()
  await page.keyboard.press('ArrowDown')
  match(String(await page.evaluate('document.activeElement.textContent')), /^SCRIPT_NAME/)
  equal(await page.locator('.environ [tabindex="0"]').count(), 1)
})

test('a change of what is shown leaves the focus where it is', { skip: long }, async (t) => {
  const { page, server } = await show(t, [hanging(1)], '#1')
  await page.getByRole('button', { name: 'Replay' }).focus()
  server.tell(journey(1))
  await page.locator('.sum').getByText('200').waitFor()
  equal(await page.evaluate('document.activeElement.id'), 'replay')
})

test('a server that refuses to tell, as another one would, is no reason to wait', { skip: long }, async (t) => {
  const page = await browser.page(t)
  const server = await new StandIn([]).open(t)
  await page.route('**/events', (route) => route.fulfill({ status: 403 }))
  await page.goto(server.url)
  await page.getByText('open the link that it printed').waitFor()
})

test('replay, pause and clear', { skip }, async (t) => {
  const { page, server } = await show(t, [journey(1), journey(2)], '#1')
  await page.getByRole('button', { name: 'Replay' }).click()
  await heading(page).getByText('#2').waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('paused').waitFor()
  equal(await page.getByRole('button', { name: 'Pause' }).getAttribute('aria-pressed'), 'true')
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByText('No request came yet').waitFor()
  deepEqual(server.posted, [
    { path: 'journeys/1/replay', body: {} },
    { path: 'pause', body: { isPaused: true } },
    { path: 'clear', body: {} },
  ])
})

test('edit and send: the body without its framing, headers as they are, or raw bytes with none too odd', {
  skip,
}, async (t) => {
  const { page, server } = await show(t, [upload(1), journey(2)], '#1')
  await page.getByRole('button', { name: 'Edit and send' }).click()
  const dialog = page.getByRole('dialog', { name: 'Send #1 again' })
  equal(await dialog.getByLabel('Body').inputValue(), '{"tea": "green", "cups": 12}\r\n'.replace('\r\n', '\n'))
  await dialog.getByLabel('Method').fill('PUT')
  await dialog.getByLabel('Target').fill('/orders/1')
  await dialog.getByLabel('Body').fill('té')
  await dialog.getByRole('button', { name: 'Send' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await heading(page).getByText('#2').waitFor()
  await page.getByRole('button', { name: 'Edit and send' }).click()
  await page.getByRole('button', { name: 'Raw bytes' }).click()
  await page.getByRole('textbox', { name: 'Bytes' }).fill('GET / HTTP/1.1\nHost: x\\n\\xff\\\\é\n\n')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  deepEqual(server.posted, [
    {
      path: 'send',
      body: {
        method: 'PUT',
        target: '/orders/1',
        headers: [
          ['host', '127.0.0.1:8000'],
          ['content-type', 'application/json'],
        ],
        body: Buffer.from('té').toString('base64'),
        replayOf: 1,
      },
    },
    { path: 'send', body: { raw: base64('GET / HTTP/1.1\r\nHost: x\n\xff\\\xc3\xa9\r\n\r\n'), replayOf: 2 } },
  ])
})

test('at the width of a phone nothing is wider than the screen, and a way leads back to the list', {
  skip: long,
}, async (t) => {
  const { page } = await show(t, ALL, '', { viewport: { width: 360, height: 740 } })
  for (const { number } of ALL) {
    await page.goto(page.url().replace(/#.*|$/, `#${number}`))
    await heading(page).getByText(`#${number}`).waitFor()
    for (const view of number === 2 ? ['Hex', 'Text'] : ['Text']) {
      await page.getByRole('button', { name: view }).first().click()
      const width = Number(await page.evaluate(WIDTH))
      ok(width <= 360, `#${number}, ${view}: ${width}`)
    }
  }
  equal(await page.locator('#list').isVisible(), false)
  await page.getByRole('button', { name: '‹ Requests' }).click()
  await page.locator('#list').waitFor()
})

for (const colorScheme of ['light', 'dark'] as const)
  test(`all text stands out from what is behind it (WCAG 2.2, 1.4.3), in ${colorScheme} colors`, {
    skip: long,
  }, async (t) => {
    const { page } = await show(t, ALL, '#1', { colorScheme, reducedMotion: 'reduce' })
    for (const number of [2, 4, 5, 9]) {
      await page.goto(page.url().replace(/#\d+/, `#${number}`))
      await heading(page).getByText(`#${number}`).waitFor()
      deepEqual(await page.evaluate(FAINT_TEXTS), [], `#${number}`)
    }
    await page.getByRole('button', { name: 'New request' }).click()
    deepEqual(await page.evaluate(FAINT_TEXTS), [])
    const paper = String(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor'))
    await page.evaluate("document.documentElement.style.setProperty('--soft', '#888')")
    ok(((await page.evaluate(FAINT_TEXTS)) as string[]).length > 0, 'the check sees what is faint')
    equal(/^rgb\(\d\d,/.test(paper), colorScheme === 'dark', paper)
  })

test('everything that is used has a name, ids are told once, headings leave no level out', {
  skip: long,
}, async (t) => {
  const { page } = await show(t, ALL, '#2')
  await page.getByRole('button', { name: 'Edit and send' }).click()
  deepEqual(await page.evaluate(UNNAMED), [])
  for (const role of ['banner', 'navigation', 'main', 'search'] as const)
    ok((await page.getByRole(role, { includeHidden: true }).count()) > 0, role)
  const levels = (await page.evaluate(LEVELS)) as number[]
  ok(
    levels.every((level, at) => at === 0 || level - levels[at - 1]! <= 1),
    levels.join(' '),
  )
})
