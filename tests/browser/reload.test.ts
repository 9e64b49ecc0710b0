import { equal, ok } from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { noBrowser, type Page, sharedBrowser } from '../kit/browser.ts'
import { folder, fullOnly, type LiveServer, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const browser = await sharedBrowser()

const SHOP = `
import os, time
from helper import TEXT

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/static/"):
        with open(path[1:], "rb") as file:
            body = file.read()
        start_response("200 OK", [("Content-Type", TYPES[os.path.splitext(path)[1]]), ("Cache-Control", "max-age=3600")])
        return [body]
    while path == "/slow" and not os.path.exists("go"):
        time.sleep(0.01)
    with open("templates/page.html") as file:
        body = file.read().replace("{text}", TEXT).replace("{path}", path)
    if path == "/frame":
        body = "<!doctype html><iframe src=/></iframe>"
    headers = [("Content-Type", "text/html; charset=utf-8"), ("ETag", '"always"')]
    if path == "/strict":
        headers.append(("Content-Security-Policy", "default-src 'self'; script-src 'nonce-abc123'"))
    start_response("200 OK", headers)
    return [body.encode()]
`
const HTML = `<!doctype html><title>{path}</title><link rel=stylesheet href=/static/page.css><script src=/static/page.js></script><img src=/static/dot.svg><p>{text}</p>`

const svg = (width: number) => `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="1"/>`

interface Site {
  readonly path: string
  readonly server: LiveServer
  write(name: string, text: string): void
}

async function open(t: TestContext, args: readonly string[] = []): Promise<Site> {
  const path = folder(t, { 'shop.py': SHOP, 'helper.py': 'TEXT = "one"\n' })
  const write = (name: string, text: string) => writeFileSync(join(path, name), text)
  for (const name of ['templates', 'static']) mkdirSync(join(path, name))
  write('templates/page.html', HTML)
  write('static/page.css', 'p { color: rgb(1, 1, 1) }')
  write('static/page.js', 'window.script = 1')
  write('static/dot.svg', svg(10))
  const server = await start(t, 'dev', ['shop', '--log-level', 'info', ...args], { cwd: path })
  await eventually(() => server.stdout.includes('watching'), 'the watcher')
  return { path, server, write }
}

/** A tab that listens. */
async function visit(t: TestContext, { server }: Site, path = '/'): Promise<Page> {
  const page = await browser.page(t)
  await listening(page, () => page.goto(server.link + path))
  return page
}

/** What `deed` leads to has greeted the tab: from then on it hears of each change. */
async function listening(page: Page, deed: () => Promise<unknown>): Promise<void> {
  const streams = page.waitForResponse((response) => response.url().endsWith('/-/dev/events'))
  await deed()
  await streams
}

const text = (page: Page, wanted: string) => page.locator(`p:text-is("${wanted}")`).waitFor()

test('a change of code, of a template, of a script, a broken one: the page shows it by itself', {
  skip: noBrowser,
}, async (t) => {
  const site = await open(t)
  const page = await visit(t, site)
  const strict = await visit(t, site, '/strict') // its policy asks for a nonce
  const form = await visit(t, site)
  await listening(form, async () => {
    await form.evaluate(`document.body.append(Object.assign(document.createElement('form'), { method: 'post' }))`)
    const sent = form.waitForRequest((request) => request.method() === 'POST')
    await form.evaluate(`void setTimeout(() => document.forms[0].submit())`)
    await sent
  })
  const answer = await page.evaluate(`fetch('/', { headers: { Accept: 'text/html' } }).then((one) => one.text())`)
  ok(String(answer).endsWith('<p>one</p>'), 'what a script of the page asks for is left alone')
  await listening(page, async () => {
    site.write('helper.py', 'TEXT = "two"\n')
    await text(page, 'two')
  })
  await text(strict, 'two')
  await listening(page, async () => {
    site.write('templates/page.html', HTML.replace('{text}', '{text}, too'))
    await text(page, 'two, too')
  })
  await listening(page, async () => {
    site.write('static/page.js', 'window.script = 2')
    await page.waitForFunction('window.script === 2')
  })
  await listening(page, async () => {
    site.write('helper.py', 'TEXT = (\n')
    await page.locator('h1:has-text("SyntaxError")').waitFor()
  })
  site.write('helper.py', 'TEXT = "mended"\n')
  await text(page, 'mended, too')
  await form.waitForFunction(`document.title === '↻ /'`)
  equal(site.server.stdout.split('POST').length - 1, 1, 'no form is sent again')
})

test('a style sheet, an image: changed in the page, which stays as it is', { skip: noBrowser }, async (t) => {
  const site = await open(t)
  const page = await visit(t, site)
  await page.evaluate('window.kept = "yes"')
  const color = (wanted: string) =>
    page.waitForFunction(`getComputedStyle(document.querySelector('p')).color === '${wanted}'`)
  await color('rgb(1, 1, 1)')
  for (const wanted of ['rgb(2, 2, 2)', 'rgb(3, 3, 3)']) {
    site.write('static/page.css', `p { color: ${wanted} }`)
    await color(wanted)
  }
  site.write('static/other.svg', svg(1)) // shown nowhere here
  site.write('static/dot.svg', svg(20))
  await page.waitForFunction('document.querySelector("img").naturalWidth === 20')
  await page.waitForFunction('document.querySelectorAll("link").length === 1')
  equal(await page.evaluate('window.kept'), 'yes')
  site.write('static/imported.css', 'p { color: red }') // no link leads to it: it may be a part of what one leads to
  await page.waitForFunction('window.kept === undefined')
})

test('another page that was asked for is not given up for a reload', { skip: noBrowser || fullOnly }, async (t) => {
  const site = await open(t)
  const page = await visit(t, site)
  const asked = page.waitForRequest(/\/slow$/)
  await page.evaluate(`void setTimeout(() => (location.href = '/slow'))`)
  await asked
  site.write('static/page.js', 'window.script = 2')
  await eventually(() => site.server.stdout.includes('↻ static/page.js'), 'the change to be seen')
  const swapped = page.waitForRequest(/\/dot\.svg\?dram-dev=/)
  site.write('static/dot.svg', svg(20)) // what is told after it
  await swapped
  site.write('go', '')
  await page.waitForURL(/\/slow$/)
})

test('a tab reloads once when another server has taken the place of its own', {
  skip: noBrowser || fullOnly,
}, async (t) => {
  const site = await open(t)
  const page = await visit(t, site)
  equal((await site.server.stop()).code, 0, 'the stream is no reason to wait')
  site.write('helper.py', 'TEXT = "anew"\n')
  const port = String(site.server.port)
  await listening(page, async () => {
    await start(t, 'dev', ['shop', '--log-level', 'info', '--bind', `127.0.0.1:${port}`], {
      cwd: site.path,
      bind: false,
    })
    await text(page, 'anew')
  })
})

test('a page that is gone back to is no older than others', { skip: noBrowser || fullOnly }, async (t) => {
  const site = await open(t)
  const page = await visit(t, site)
  await listening(page, () => page.goto(`${site.server.link}/other`))
  site.write('helper.py', 'TEXT = "two"\n')
  await text(page, 'two')
  await page.goBack()
  await page.waitForURL(site.server.link)
  await text(page, 'two')
})

test('a frame: its style sheets are changed, too, and it is loaded anew with its page', {
  skip: noBrowser || fullOnly,
}, async (t) => {
  const site = await open(t)
  const page = await browser.page(t)
  await listening(page, () => page.goto(`${site.server.link}/frame`))
  const [, frame] = page.frames()
  await frame!.waitForFunction('window.script === 1')
  await frame!.evaluate('window.kept = "yes"')
  site.write('static/page.css', 'p { color: rgb(2, 2, 2) }')
  await frame!.waitForFunction(`getComputedStyle(document.querySelector('p')).color === 'rgb(2, 2, 2)'`)
  equal(await frame!.evaluate('window.kept'), 'yes')
  site.write('helper.py', 'TEXT = "two"\n')
  await page.frameLocator('iframe').locator('p:text-is("two")').waitFor()
})

test('many tabs leave the browser connections for pages, and each is up to date once it is looked at', {
  skip: noBrowser || fullOnly,
}, async (t) => {
  const site = await open(t)
  const first = await visit(t, site)
  for (let at = 0; at < 7; at++) {
    const tab = await first.context().newPage()
    await listening(tab, () => tab.goto(`${site.server.link}/${at}`))
  }
  const pages = first.context().pages()
  site.write('helper.py', 'TEXT = "two"\n')
  for (const page of pages.slice(-4)) await text(page, 'two')
  equal(await first.textContent('p'), 'one')
  await first.evaluate('window.dispatchEvent(new Event("focus"))')
  await text(first, 'two')
})
