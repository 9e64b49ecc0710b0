import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { folder, type LiveServer, type Server, start } from './server.ts'
import { eventually } from './wait.ts'

export const SHOP = `
import os, time
import helper
from string import Template

def application(environ, start_response):
    if environ["PATH_INFO"] == "/fails":
        raise ValueError("told to")
    if environ["PATH_INFO"] == "/lazy":
        import lazy
        text = lazy.TEXT
    elif environ["PATH_INFO"] == "/template":
        text = open("templates/page.html").read()
    else:
        text = helper.TEXT
    is_page = environ["PATH_INFO"] == "/page"
    start_response("200 OK", [("Content-Type", "text/html" if is_page else "text/plain")])
    return [text.encode()]
`

/** An application of three modules. It answers with `TEXT` of the module `helper`. */
export const SITE_FILES: Readonly<Record<string, string>> = {
  'shop.py': SHOP,
  'helper.py': 'TEXT = "1"\n',
  'lazy.py': 'TEXT = "lazy 1"\n',
}

/** An application that somebody develops. */
export interface Site {
  readonly path: string
  readonly server: LiveServer
  write(name: string, text: string): void
  text(target?: string): Promise<string>
  /** Asks until it answers so. */
  becomes(text: string, target?: string): Promise<unknown>
}

/** `dram dev` with the files above, in a folder of the test's own. */
export function openSite(t: TestContext, args: readonly string[] = []): Promise<Site> {
  return siteIn(t, folder(t), {}, true, args)
}

/** The same in a folder that is there; `isEmpty`: the files have yet to be written. */
export async function siteIn(
  t: TestContext,
  path: string,
  env: Readonly<Record<string, string>> = {},
  isEmpty = true,
  args: readonly string[] = [],
): Promise<Site> {
  if (isEmpty) {
    for (const [name, text] of Object.entries(SITE_FILES)) writeFileSync(join(path, name), text)
    mkdirSync(join(path, 'templates'))
    writeFileSync(join(path, 'templates/page.html'), 'page 1')
  }
  const server = await start(t, 'dev', ['shop', '--log-level', 'info', ...args], { cwd: path, env })
  await eventually(() => server.stdout.includes('watching'), 'the watcher')
  const text = async (target = '/') => (await server.get(target)).text
  return {
    path,
    server,
    text,
    write: (name, content) => writeFileSync(join(path, name), content),
    becomes: (wanted, target) => eventually(async () => (await text(target)) === wanted, `${target ?? '/'}: ${wanted}`),
  }
}

/** It says in stdout how often it has loaded anew. */
export const loads = (server: Server): number => server.stdout.split('✓ loaded').length - 1
