/** `npm run pictures`: the pictures of docs/pictures/, taken anew of a `dram dev` that runs for them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { preparedBrowser } from './browser.ts'

const ROOT = resolve(fileURLToPath(import.meta.url), '../../..')
const FOLDER = join(ROOT, 'docs/pictures')
const PAUSE_MS = 40

const FIELDS =
  'Host: 127.0.0.1:8000\r\nUser-Agent: Firefox/128.0\r\nAccept: text/html, */*;q=0.8\r\nAccept-Language: en\r\n'

/** What is sent, each on a connection of its own, in pieces. Its place in the list is its number, from 1 on. */
const CONVERSATIONS: readonly (readonly string[])[] = [
  [`GET /tea?kind=green HTTP/1.1\r\n${FIELDS}Cookie: theme=dark\r\n\r\n`],
  [
    'POST /orders HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Type: application/json\r\nTransfer-Enc',
    'oding: chunked\r\n\r\n10\r\n{"tea": "green",\r\n',
    'd\r\n "cups": 12}\n\r\n0\r\n\r\n',
  ],
  [`GET /steep HTTP/1.1\r\n${FIELDS}\r\n`],
  ['GET /tea HTTP/1.1\r\nHost : 127.0.0.1:8000\r\nUser-Agent: curl/8.5.0\r\n\r\n'],
  [`GET /coffee HTTP/1.1\r\n${FIELDS}\r\n`],
  [`GET /lemonade HTTP/1.1\r\n${FIELDS}\r\n`],
]

interface Picture {
  readonly name: string
  /** Number of the request. */
  readonly of: number
  readonly options: BrowserContextOptions
  /** A part of the page; without: all that is seen. */
  readonly part?: string
  /** Pointed at. */
  readonly pointed?: string
}

const WIDE = { viewport: { width: 1280, height: 690 } }
/** The page scrolls within itself: a part is cut out whole only where all of it is seen. */
const TALL = { viewport: { width: 1280, height: 2600 } }
const PICTURES: readonly Picture[] = [
  { name: 'inspector', of: 1, options: WIDE },
  { name: 'inspector-dark', of: 3, options: { ...WIDE, colorScheme: 'dark' } },
  { name: 'inspector-refused', of: 4, options: WIDE },
  { name: 'inspector-raised', of: 5, options: { ...WIDE, colorScheme: 'dark' } },
  { name: 'inspector-phone', of: 2, options: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 } },
  { name: 'stage-listen', of: 2, options: TALL, part: '#listen' },
  { name: 'stage-application', of: 3, options: TALL, part: '#application' },
  { name: 'stage-respond', of: 3, options: TALL, part: '#respond' },
  { name: 'inspector-environ', of: 1, options: WIDE, part: 'main', pointed: '.key:has-text("QUERY_STRING")' },
]

const executablePath = preparedBrowser()
if (executablePath === '') throw new Error('Chromium is needed')
// Its path is seen in a traceback.
const shop = join(tmpdir(), 'shop')
mkdirSync(shop)
copyFileSync(join(ROOT, 'tools/pictures/shop.py'), join(shop, 'shop.py'))
const server = spawn(process.execPath, [join(ROOT, 'bin/dram'), 'dev', 'shop', '--bind', '127.0.0.1:8000'], {
  cwd: shop,
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  const link = await inspectorLink(server)
  for (const pieces of CONVERSATIONS) await converse(new URL(link), pieces)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  mkdirSync(FOLDER, { recursive: true })
  for (const picture of PICTURES) await take(browser, link, picture)
  await browser.close()
} finally {
  if (server.kill('SIGTERM')) await once(server, 'exit')
  rmSync(shop, { recursive: true })
}

/** From what is printed at the start. */
function inspectorLink(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      const [link] = /http:\S+\/-\/dev\/open\?\S+/.exec(text) ?? []
      if (link !== undefined) resolve(link)
    })
    child.on('exit', () => reject(new Error(`no link to the Inspector was printed:\n${text}`)))
  })
}

/** Until the answer has ended. The server is let go at once, so that the next one is a connection of its own. */
async function converse({ hostname, port }: URL, pieces: readonly string[]): Promise<void> {
  const socket = connect(Number(port), hostname)
  for (const piece of pieces) {
    socket.write(piece)
    await pause(PAUSE_MS) // pieces that follow each other at once would come as one
  }
  socket.end()
  await once(socket.resume(), 'close')
}

async function take(browser: Browser, link: string, { name, of, options, part, pointed }: Picture): Promise<void> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  await page.goto(link)
  await page.goto(`${new URL(page.url()).origin}/-/inspector/#${of}`)
  await page.locator('#title').getByText(`#${of}`).waitFor()
  await page.locator('#live[data-state=live]').waitFor()
  if (pointed !== undefined) await page.locator(pointed).hover()
  await shoot(page, join(FOLDER, `${name}.png`), part)
  await context.close()
}

async function shoot(page: Page, path: string, part: string | undefined): Promise<void> {
  if (part === undefined) await page.screenshot({ path })
  else await page.locator(part).screenshot({ path })
}
