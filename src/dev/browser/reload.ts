import { randomBytes } from 'node:crypto'
import { basename, extname } from 'node:path'
import { SAFE_METHODS } from '../../events/request.ts'
import { json } from '../answers.ts'
import { assetPage } from '../assets.ts'
import { isAskedHere } from '../guard.ts'
import type { OwnPage } from '../pages.ts'
import { Listeners } from './listeners.ts'

const SCRIPT = '/-/dev/reload.js'
const EVENTS = '/-/dev/events'
/** Less than what proxies and browsers call silence. */
const BEAT_MS = 15_000

const IMAGES: ReadonlySet<string> = new Set('.svg .png .jpg .jpeg .gif .webp .avif .ico'.split(' '))

/** What takes its place in a page that stays as it is; `other`: the page has to be loaded anew. */
function kindOf(path: string): 'style' | 'image' | 'other' {
  const extension = extname(path)
  if (extension === '.css') return 'style'
  return IMAGES.has(extension) ? 'image' : 'other'
}

/** Tells the tabs of a browser what has changed. */
export class Reload {
  readonly #listeners = new Listeners()
  /** Of this server alone: a tab that outlived another one reloads. */
  readonly #start: string
  /** How often something has changed that tabs show. */
  #changes = 0
  #swaps = 0
  #beat: NodeJS.Timeout | null = null

  constructor(start: string = randomBytes(6).toString('base64url')) {
    this.#start = start
  }

  get pages(): readonly OwnPage[] {
    return [
      assetPage(SCRIPT, 'reload/reload.js'),
      {
        method: 'GET',
        path: EVENTS,
        need: 'local',
        isStream: true,
        answer: ({ head }, answer) => {
          if (!isAskedHere(head.block)) return answer.whole(json(403, {})) // other sites' pages would push ours out
          this.#beat ??= setInterval(() => this.#listeners.beat(), BEAT_MS).unref()
          this.#listeners.add(answer, { kind: 'hello', version: this.#version })
        },
      },
    ]
  }

  /**
   * What pages carry: it knows what they show, and waits for something else.
   * @param method that was answered by the page: browsers repeat it when a script reloads, and don't ask
   * @param nonce '' for none
   */
  tag(method: string, nonce = ''): string {
    const kept = SAFE_METHODS.has(method) ? '' : ' data-stays'
    const carried = nonce === '' ? '' : ` nonce="${nonce}"`
    return `<script src="${SCRIPT}" data-version="${this.#version}"${kept}${carried} async></script>`
  }

  /** Another application serves, or why it can't. */
  changed(): void {
    this.#changes++
    this.#listeners.tell({ kind: 'reload', version: this.#version })
  }

  /** Files have changed that are none of Python's business. */
  refreshed(paths: readonly string[]): void {
    const names = (kind: string): string[] =>
      paths.filter((path) => kindOf(path) === kind).map((path) => basename(path))
    if (names('other').length > 0) return this.changed()
    const [styles, images] = [names('style'), names('image')]
    // An image alone makes no page old: the answer to a form that has uploaded it would be asked for again.
    if (styles.length > 0) this.#changes++
    const stamp = `${this.#start}.${++this.#swaps}`
    this.#listeners.tell({ kind: 'swap', version: this.#version, stamp, styles, images })
  }

  /** No tab is listened to any more. */
  end(): void {
    if (this.#beat !== null) clearInterval(this.#beat)
    this.#listeners.end()
  }

  get #version(): string {
    return `${this.#start}.${this.#changes}`
  }
}
