import type { TestContext } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { findBrowser } from '../../tools/browser.ts'
import { atEnd, fileScope } from './ends.ts'
import { GUARD_MS } from './wait.ts'

export type { Page }

const executablePath = findBrowser()

/** Why there is none here, or false: for `skip`. */
export const noBrowser = executablePath === '' ? 'Chromium is not installed' : false

/** A Chromium that the tests of a file share. */
export class SharedBrowser {
  readonly #browser: Browser | null

  constructor(browser: Browser | null) {
    this.#browser = browser
  }

  /**
   * An empty tab with cookies and cache of its own, closed with the test. Whoever waits in it does so for `GUARD_MS` at
   * most. An error that no script of the page has caught fails the test, unless it says `mayThrow`.
   */
  async page(
    t: TestContext,
    { mayThrow = false, ...options }: BrowserContextOptions & { mayThrow?: boolean } = {},
  ): Promise<Page> {
    if (this.#browser === null) throw new Error(`${noBrowser}: say { skip: noBrowser }`)
    const context = await this.#browser.newContext(options)
    context.setDefaultTimeout(GUARD_MS)
    const page = await context.newPage()
    const errors: Error[] = []
    if (!mayThrow) page.on('pageerror', (error) => errors.push(error))
    atEnd(t, async () => {
      await context.close()
      if (errors.length > 0) throw errors[0]
    })
    return page
  }
}

/** Launched once; call it before the first test of a file: `const browser = await sharedBrowser()`. */
export async function sharedBrowser(): Promise<SharedBrowser> {
  if (noBrowser) return new SharedBrowser(null)
  // As root, which tests in containers are, Chromium runs without its sandbox only.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: GUARD_MS })
  atEnd(fileScope, () => browser.close())
  return new SharedBrowser(browser)
}
