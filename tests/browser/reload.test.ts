import { equal, match, ok } from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { noBrowser, type Page, sharedBrowser } from '../kit/browser.ts'
import { folder, type LiveServer, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const browser = await sharedBrowser()

const SHOP = `
import os
from helper import TEXT

TYPES = {".css": "text/css", ".js": "text/javascript"}

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/static/"):
        with open(path[1:], "rb") as file:
            body = file.read()
        start_response("200 OK", [("Content-Type", TYPES[os.path.splitext(path)[1]]), ("Cache-Control", "max-age=3600")])
        return [body]
    with open("templates/page.html") as file:
        body = file.read().replace("{text}", TEXT).replace("{path}", path)
    headers = [("Content-Type", "text/html; charset=utf-8"), ("ETag", '"always"')]
    if path == "/strict":
        headers.append(("Content-Security-Policy", "default-src 'self'; script-src 'nonce-abc123'"))
    start_response("200 OK", headers)
    return [body.encode()]
`
const HTML = `<!doctype html><title>{path}</title><link rel=stylesheet href=/static/page.css><script src=/static/page.js></script><p>{text}</p>`

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

test('a change of code, of a template, of a script: the page shows it by itself', { skip: noBrowser }, async (t) => {
  const site = await open(t)
  const page = await visit(t, site)
  await listening(page, async () => {
    site.write('helper.py', 'TEXT = "two"\n')
    await text(page, 'two')
  })
  await listening(page, async () => {
    site.write('templates/page.html', HTML.replace('{text}', '{text}, too'))
    await text(page, 'two, too')
  })
  site.write('static/page.js', 'window.script = 2')
  await page.waitForFunction('window.script === 2')
})

test('a style sheet is changed in the page, which stays as it is', { skip: noBrowser }, async (t) => {
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
  equal(await page.evaluate('window.kept'), 'yes')
  await page.waitForFunction('document.querySelectorAll("link").length === 1')
  site.write('static/imported.css', 'p { color: red }') // no link leads to it: it may be a part of what one leads to
  await page.waitForFunction('window.kept === undefined')
})

test('after a broken save and its mending the page is there again', { skip: noBrowser }, async (t) => {
  const site = await open(t)
  const page = await visit(t, site)
  await listening(page, async () => {
    site.write('helper.py', 'TEXT = (\n')
    await page.locator('h1:has-text("SyntaxError")').waitFor()
  })
  site.write('helper.py', 'TEXT = "mended"\n')
  await text(page, 'mended')
})

test('a tab reloads once when another server has taken the place of its own', { skip: noBrowser }, async (t) => {
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

test('many tabs leave the browser connections for pages, and each is up to date once it is looked at', {
  skip: noBrowser,
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

test('a page whose policy asks for a nonce', { skip: noBrowser }, async (t) => {
  const site = await open(t)
  const page = await visit(t, site, '/strict')
  site.write('helper.py', 'TEXT = "two"\n')
  await text(page, 'two')
})

test('what is not shown as a page is left alone; turned off, all is', { skip: noBrowser }, async (t) => {
  const site = await open(t)
  const page = await visit(t, site)
  match(await page.content(), /\/-\/dev\/reload\.js/)
  const fetched = String(
    await page.evaluate(`fetch('/', { headers: { Accept: 'text/html' } }).then((answer) => answer.text())`),
  )
  ok(fetched.endsWith('<p>one</p>'), fetched)
  const off = await open(t, ['--no-browser-reload'])
  const plain = await browser.page(t)
  await plain.goto(off.server.link)
  equal(await plain.textContent('p'), 'one')
  equal(/\/-\//.test(await plain.content()), false)
  equal((await off.server.get('/-/dev/reload.js', [['Host', 'localhost']])).text.includes('EventSource'), false)
})
