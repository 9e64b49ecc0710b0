import { deepEqual, equal, match } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { page as answerOf } from '../../src/dev/answers.ts'
import { Beside } from '../../src/dev/beside.ts'
import { Fault } from '../../src/faults/fault.ts'
import type { ReportedException, ReportedFrame } from '../../src/faults/report.ts'
import type { DeskAnswer } from '../../src/server/bystander.ts'
import { noBrowser, type Page, sharedBrowser } from '../kit/browser.ts'
import { atEnd } from '../kit/ends.ts'
import { ROOT } from '../kit/server.ts'
import { House } from '../stages/server/house.ts'

const browser = await sharedBrowser()
const skip = noBrowser

// What is run in the page.
const check = (name: string) =>
  `${readFileSync(join(ROOT, `tests/browser/checks/${name}.js`), 'utf8').replace('export ', '')}\n${name}()`
const FAINT_TEXTS = check('faintTexts')
const UNNAMED = check('unnamed')
const WIDTH = 'document.documentElement.scrollWidth'

const LINES = ['def cart(password):', '    items = load()', `    return ${'total(items) / '.repeat(20)}guests`]
const frame = (file: string, more: Partial<ReportedFrame> = {}): ReportedFrame => ({
  file,
  line: 12,
  function: 'cart',
  own: !file.includes('site-packages'),
  start: 11,
  end: 30,
  source: { first: 10, lines: LINES },
  locals: [
    ['password', '***'],
    ['items', `[${"'teapot', ".repeat(40)}]`],
  ],
  ...more,
})
const raised = (more: Partial<ReportedException> = {}): ReportedException => ({
  type: 'shop.errors.SoldOut',
  message: 'nothing is left of <b>teapots</b>',
  notes: ['while the cart was totalled'],
  relation: 'raised',
  frames: [frame('/v/lib/python3.11/site-packages/flask/app.py', { locals: null }), frame('/shop/shop.py')],
  omitted: null,
  syntax: null,
  members: [],
  omittedMembers: 0,
  ...more,
})
const FAULT = new Fault('APP_RAISED', { detail: 'SoldOut' }, 'Traceback (most recent call last):\n  …\n', '', {
  exceptions: [
    raised({ members: [{ exceptions: [raised({ type: 'ValueError' })] }], omittedMembers: 2 }),
    raised({ relation: 'cause', type: 'KeyError' }),
  ],
})

/** The status of the page, and that another's script was kept from reading it. */
const EXPECTED = /status of 500|blocked by CORS policy|net::ERR_FAILED/

interface Shown {
  readonly page: Page
  readonly house: House
  readonly beside: Beside
}

/** A server whose application is broken so, and a tab. What else the browser says of errors, above all of its policy, fails the test. */
async function open(t: TestContext, options: Parameters<typeof browser.page>[1] = {}): Promise<Shown> {
  const house = await House.open(t)
  const beside = new Beside('test', false, null, { folder: '/shop', editor: null })
  house.server.bystander = beside
  house.server.standIn = FAULT
  const page = await browser.page(t, options)
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  atEnd(t, () => {
    beside.leave()
    deepEqual(
      said.filter((text) => !EXPECTED.test(text)),
      [],
    )
  })
  return { page, house, beside }
}

const enter = ({ page, house, beside }: Shown) => page.goto(beside.linkTo(house.link, '/cart'))

test('the link that is printed at the start opens locals and the request; before, the page says so', {
  skip,
}, async (t) => {
  const shown = await open(t)
  const { page, house } = shown
  equal((await page.goto(`${house.link}/cart`))?.status(), 500)
  await page.getByRole('heading', { level: 1, name: 'SoldOut' }).waitFor()
  await page.getByText('Open the link that').waitFor()
  equal(await page.getByText('Locals').count(), 0)
  equal(await page.getByRole('heading', { name: 'The request' }).count(), 0)
  await enter(shown)
  equal(page.url(), `${house.link}/cart`)
  await page.getByRole('cell', { name: '***' }).first().waitFor()
  match((await page.locator('.request').textContent()) ?? '', /GET \/cart[\s\S]*user-agent[\s\S]*cookie\*\*\*/)
  equal(await page.getByText('Open the link that').count(), 0)
  await page.reload()
  await page.getByRole('heading', { name: 'The request' }).waitFor()
})

test('frames open and close by the keyboard, paths and the traceback can be copied', { skip }, async (t) => {
  const shown = await open(t, { permissions: ['clipboard-read', 'clipboard-write'] })
  const { page } = shown
  await enter(shown)
  const folded = page.locator('details.folded').first()
  equal(await folded.locator('.frame').first().isVisible(), false)
  await folded.locator('> summary').focus()
  await page.keyboard.press('Enter')
  await folded.locator('.frame').first().waitFor()
  const copied = () => page.evaluate('navigator.clipboard.readText()')
  await page.getByRole('button', { name: 'Copy' }).first().click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  equal(await copied(), '/shop/shop.py:12')
  equal(await page.locator('details.frame.own').first().getAttribute('open'), '', 'a click on it closes no frame')
  await page.getByText('The whole traceback as text').click()
  await page.locator('.trace .copy').click()
  await page.locator('.trace').getByRole('button', { name: 'Copied' }).waitFor()
  equal(await copied(), FAULT.trace.trimEnd())
})

test('a page of another port gets nothing by a form, a frame or a script, though the cookie goes along', {
  skip,
}, async (t) => {
  const shown = await open(t)
  await enter(shown)
  const other = await House.open(t)
  const html = (target: string) =>
    `<form method="post" action="${target}"><button>Send</button></form><iframe src="${target}"></iframe>`
  const { page, house } = shown
  const desk = {
    ask: (_: unknown, answer: DeskAnswer) => answer.whole(answerOf(200, 'text/html', html(`${house.link}/cart`))),
  }
  other.server.bystander = { deskFor: () => desk, finish: () => null, faultPage: () => null }
  const framed = page.waitForResponse((response) => response.url() === `${house.link}/cart`)
  await page.goto(`${other.link}/`)
  equal(await (await framed).text(), '500 Internal Server Error\n\nAPP_RAISED\n')
  equal(await page.evaluate(`fetch('${house.link}/cart').then(() => 'read', () => 'refused')`), 'refused')
  const [sent] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.getByRole('button', { name: 'Send' }).click(),
  ])
  equal(await sent.text(), '500 Internal Server Error\n\nAPP_RAISED\n')
})

for (const colorScheme of ['light', 'dark'] as const)
  test(`on a narrow phone nothing is wider than it, and all text stands out, in ${colorScheme} colors`, {
    skip,
  }, async (t) => {
    const shown = await open(t, { colorScheme, viewport: { width: 360, height: 740 } })
    await enter(shown)
    const { page } = shown
    for (const summary of await page.locator('details:not([open]) > summary').all())
      if (await summary.isVisible()) await summary.click({ position: { x: 5, y: 5 } })
    equal(await page.evaluate(WIDTH), 360)
    deepEqual(await page.evaluate(FAINT_TEXTS), [])
    deepEqual(await page.evaluate(UNNAMED), [])
  })
