import { spawn } from 'node:child_process'
import { relative } from 'node:path'
import type { Attended } from '../events/attendant.ts'
import { BOLD, DIM, GREEN, RED, RESET } from '../kit/ansi.ts'

export interface Keys {
  reload(): void
  quit(): void
}

const CLEAR = '\x1b[2J\x1b[3J\x1b[H'
const CTRL_C = '\x03'
const MOST_NAMED = 3

/** What `dram dev` shows of itself on stdout, and the keys it hears where stdin is a terminal. */
export class Screen {
  readonly #colors: boolean
  readonly #folder: string
  readonly #out: (text: string) => void
  #keys: Keys | null = null
  #url = ''

  constructor(folder: string, colors: boolean, out: (text: string) => void) {
    this.#folder = folder
    this.#colors = colors
    this.#out = out
  }

  ready({ addresses, facts }: Attended, isBroken: boolean, watched: number): void {
    this.#url = addresses.find((address) => address.startsWith('http')) ?? ''
    const rows: [name: string, text: string][] = [
      ...addresses.map((address): [string, string] => ['serving', this.#paint(BOLD, address)]),
      ...(facts === null ? [] : ([['application', facts.application]] as [string, string][])),
      ...(facts === null ? [] : ([['Python', `${facts.implementation} ${facts.python}`]] as [string, string][])),
      ['watching', `${this.#folder}${watched > 0 ? `, ${watched} imported file${watched === 1 ? '' : 's'}` : ''}`],
    ]
    if (process.stdin.isTTY) rows.push(['keys', this.#paint(DIM, 'r reload   o open   c clear   q quit')])
    const width = Math.max(...rows.map(([name]) => name.length))
    this.#out(`\n${rows.map(([name, text]) => `  ${this.#paint(DIM, name.padEnd(width))}  ${text}\n`).join('')}\n`)
    if (isBroken) this.broken()
  }

  changed(paths: readonly string[]): void {
    this.#out(`${this.#paint(DIM, `↻ ${this.#named(paths)}`)}\n`)
  }

  /** These change whenever they are loaded. */
  gaveUp(paths: readonly string[]): void {
    this.#out(`${this.#named(paths)}: changes at each load, and is not watched until it rests\n`)
  }

  #named(paths: readonly string[]): string {
    const names = paths.slice(0, MOST_NAMED).map((path) => relative(this.#folder, path) || path)
    const others = paths.length - names.length
    return `${names.join(', ')}${others > 0 ? ` and ${others} more` : ''}`
  }

  loaded(tookMs: number): void {
    this.#out(`${this.#paint(GREEN, '✓')} loaded ${this.#paint(DIM, `${Math.round(tookMs)} ms`)}\n`)
  }

  /** Why is in the log. */
  broken(): void {
    this.#out(`${this.#paint(RED, '✗')} not loaded ${this.#paint(DIM, 'waiting for a change')}\n`)
  }

  /** From now on keys are heard, where somebody can press them. */
  listen(keys: Keys): void {
    this.#keys = keys
    const { stdin } = process
    if (!stdin.isTTY) return
    stdin.setRawMode(true)
    stdin.on('data', this.#typed)
    stdin.resume()
  }

  openBrowser(): void {
    const command = process.platform === 'darwin' ? 'open' : 'xdg-open'
    const child = spawn(command, [this.#url], { stdio: 'ignore', detached: true })
    child.on('error', () => this.#out(`there is no ${command} here: open ${this.#url} yourself\n`))
    child.unref()
  }

  close(): void {
    const { stdin } = process
    if (this.#keys === null || !stdin.isTTY) return
    stdin.removeListener('data', this.#typed)
    stdin.setRawMode(false)
    stdin.pause()
  }

  readonly #typed = (bytes: Buffer): void => {
    for (const key of bytes.toString()) {
      if (key === 'r') this.#keys?.reload()
      else if (key === 'o') this.openBrowser()
      else if (key === 'c') this.#out(CLEAR)
      else if (key === 'q' || key === CTRL_C) this.#keys?.quit()
    }
  }

  #paint(color: string, text: string): string {
    return this.#colors ? color + text + RESET : text
  }
}
