import { spawn } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { relative } from 'node:path'
import type { Attended } from '../events/attendant.ts'
import { BOLD, DIM, GREEN, RED, RESET, YELLOW } from '../kit/ansi.ts'
import { escaped } from '../observe/escape.ts'
import { INSPECTOR } from './inspector/page.ts'
import { Keyboard } from './keyboard.ts'
import { type Links, linksOf } from './links.ts'
import { type Row, rowsText } from './rows.ts'

export interface Keys {
  reload(): void
  quit(): void
}

/** What is shown of a server once it serves. */
export interface Shown {
  readonly server: Attended
  readonly isBroken: boolean
  /** How many imported files are watched. */
  readonly watched: number
  /** A link of that address to one of its pages, which lets the browser see what is ours alone. */
  linkTo(address: string, path: string): string
  /** The same, for one visit. */
  linkOnce(address: string, path: string): string
}

export interface Stage {
  /** The folder the application runs in, absolute. */
  readonly folder: string
  readonly colors: boolean
  /** Of the terminal; Infinity: it is none. */
  readonly columns: number
  /** Path of a certificate that browsers have yet to trust; null: there is none. */
  readonly authority: string | null
  out(text: string): void
}

const CLEAR = '\x1b[2J\x1b[3J\x1b[H'
const CTRL_C = '\x03'
const MOST_NAMED = 3
const KEYS: readonly (readonly [key: string, name: string])[] = [
  ['r', 'reload'],
  ['o', 'open'],
  ['i', 'inspector'],
  ['c', 'clear'],
  ['q', 'quit'],
]

/** What `dram dev` shows of itself on stdout, and the keys it hears where stdin is a terminal. */
export class Screen {
  readonly #stage: Stage
  readonly #keyboard: Keyboard
  readonly #deeds: Readonly<Record<string, () => void>>
  #keys: Keys | null = null
  #shown: Shown | null = null
  /** What is to be said once the terminal is ours again; null: it is. */
  #held: string[] | null = null

  constructor(stage: Stage) {
    this.#stage = stage
    const quit = (): void => this.#keys?.quit()
    this.#deeds = {
      r: () => this.#keys?.reload(),
      o: () => this.openBrowser(),
      i: () => this.openBrowser(INSPECTOR),
      c: () => this.#say(CLEAR),
      q: quit,
      [CTRL_C]: quit,
    }
    this.#keyboard = new Keyboard((key) => this.#deeds[key]?.())
  }

  ready(shown: Shown): void {
    this.#shown = shown
    const { facts } = shown.server
    const { authority, columns } = this.#stage
    const { local, network } = this.#links
    const [first] = local
    const rows: readonly Row[] = [
      ['local', local.map((link) => [this.#paint(BOLD, link)])],
      ['network', network.map((link) => [link])],
      ['signed by', authority === null ? [] : [[authority, this.#paint(DIM, 'import it once, as an authority')]]],
      ['application', facts === null ? [] : [[escaped(facts.application)]]],
      ['Python', facts === null ? [] : [[`${facts.implementation} ${facts.python}`]]],
      ['watching', [[escaped(this.#stage.folder), ...this.#watchedText(shown.watched)]]],
      ['Inspector', first?.startsWith('http') ? [[shown.linkTo(first, INSPECTOR)]] : []],
      ['keys', Keyboard.isThere ? [KEYS.map(([key, name]) => `${key} ${this.#paint(DIM, name)}`)] : []],
    ]
    this.#say(`\n${rowsText(rows, columns, (name) => this.#paint(DIM, name))}\n`)
    if (shown.isBroken) this.broken()
  }

  changed(paths: readonly string[]): void {
    this.#say(`${this.#paint(DIM, `↻ ${this.#named(paths)}`)}\n`)
  }

  /** These change whenever they are loaded. */
  gaveUp(paths: readonly string[]): void {
    this.#say(`${this.#named(paths)}: changes at each load, and is not watched until it rests\n`)
  }

  #named(paths: readonly string[]): string {
    const names = paths.slice(0, MOST_NAMED).map((path) => relative(this.#stage.folder, path) || path)
    const others = paths.length - names.length
    return `${escaped(names.join(', '))}${others > 0 ? ` and ${others} more` : ''}`
  }

  loaded(tookMs: number): void {
    this.#say(`${this.#paint(GREEN, '✓')} loaded ${this.#paint(DIM, `${Math.round(tookMs)} ms`)}\n`)
  }

  /** Why is in the log. */
  broken(): void {
    this.#say(`${this.#paint(RED, '✗')} not loaded, ${this.#paint(DIM, 'waiting for a change')}\n`)
  }

  /** From now on keys are heard, where somebody can press them. */
  listen(keys: Keys): void {
    this.#keys = keys
    if (this.#held === null) this.#keyboard.listen()
  }

  openBrowser(path = '/'): void {
    const [address] = this.#links.local
    if (address === undefined || !address.startsWith('http')) return
    const { linkTo, linkOnce } = this.#shown!
    const command = process.platform === 'darwin' ? 'open' : 'xdg-open'
    const child = spawn(command, [linkOnce(address, path)], { stdio: 'ignore', detached: true })
    const says = (why: string): void => this.#say(`${why}: open ${linkTo(address, path)} yourself\n`)
    child.on('error', () => says(`there is no ${command} here`))
    child.on('exit', (code) => {
      if (code !== 0 && code !== null) says(`${command} has found no browser`)
    })
    child.unref()
  }

  /** There is a terminal that a debugger could have. */
  get hasTerminal(): boolean {
    return Keyboard.isThere
  }

  /** A debugger gets the terminal: nothing is shown, and no key heard, until `takeBack`. */
  lend(): void {
    this.#keyboard.letGo()
    this.#keyboard.remember()
    this.#say(`${this.#paint(YELLOW, '‖')} a debugger has the terminal ${this.#paint(DIM, 'c goes on')}\n`)
    this.#held = []
  }

  /** `isAsItWas`: the debugger has left the terminal so. */
  takeBack(isAsItWas: boolean): void {
    const held = this.#held ?? []
    this.#held = null
    if (!isAsItWas) {
      this.#keyboard.mend()
      this.#say(`\n${this.#paint(RED, '✗')} the worker that a debugger stood in has ended\n`)
    }
    for (const text of held) this.#say(text)
    if (this.#keys !== null) this.#keyboard.listen()
  }

  close(): void {
    this.#keyboard.letGo()
  }

  get #links(): Links {
    const interfaces = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
    return linksOf(this.#shown?.server.addresses ?? [], interfaces)
  }

  #watchedText(watched: number): string[] {
    return watched === 0 ? [] : [this.#paint(DIM, `${watched} imported file${watched === 1 ? '' : 's'}`)]
  }

  #say(text: string): void {
    if (this.#held === null) this.#stage.out(text)
    else this.#held.push(text)
  }

  #paint(color: string, text: string): string {
    return this.#stage.colors ? color + text + RESET : text
  }
}
