import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Ends what a dead program may have asked of a terminal: marks around what is pasted, and a hidden cursor. */
const CALM = '\x1b[?2004l\x1b[?25h'

const CTRL_Z = '\x1a'
const OWN_GROUP = 0
/** Nobody tells who comes into the foreground from the background, so it is looked for. */
const LOOK_MS = 500

/** The terminal on standard input, as long as keys are heard there one by one. */
export class Keyboard {
  readonly #heard: (key: string) => void
  #isListening = false
  /** Somebody is to hear keys, as soon as the terminal is ours. */
  #isWanted = false
  #timer: NodeJS.Timeout | null = null
  /** As stty says it, from before somebody else got it. */
  #modes = 'sane'

  constructor(heard: (key: string) => void) {
    this.#heard = heard
    process.on('SIGCONT', this.#continued)
  }

  /** There is a terminal, and it is ours: who runs in the background is stopped by touching it. */
  static get isThere(): boolean {
    return process.stdin.isTTY === true && isInForeground()
  }

  listen(): void {
    this.#isWanted = true
    if (this.#isListening) return
    if (!Keyboard.isThere) return this.#listenLater()
    this.#isListening = true
    const { stdin } = process
    stdin.setRawMode(true)
    stdin.on('data', this.#typed)
    stdin.resume()
  }

  #listenLater(): void {
    if (process.stdin.isTTY) this.#timer ??= setInterval(this.#look, LOOK_MS).unref()
  }

  readonly #look = (): void => {
    if (!Keyboard.isThere) return
    this.#stopLooking()
    this.listen()
  }

  #stopLooking(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** From now on it is as it was before, and others may read from it. */
  letGo(): void {
    this.#isWanted = false
    this.#stopLooking()
    if (!this.#isListening) return
    this.#isListening = false
    const { stdin } = process
    stdin.removeListener('data', this.#typed)
    stdin.setRawMode(false)
    stdin.pause()
  }

  /** Keeps in mind how it is now, for `mend`. */
  remember(): void {
    this.#modes = stty('-g') ?? 'sane'
  }

  /** Whoever had it has died with it, and may have left it without an echo. */
  mend(): void {
    stty(this.#modes)
    process.stdout.write(CALM)
  }

  /** The shell may have changed the terminal meanwhile, or have given it to us. */
  readonly #continued = (): void => {
    if (!this.#isWanted) return
    this.letGo()
    this.listen()
  }

  readonly #typed = (bytes: Buffer): void => {
    for (const key of bytes.toString()) {
      if (key === CTRL_Z) this.#suspend()
      else this.#heard(key)
    }
  }

  /** As the terminal does where keys are not heard one by one. Where nobody could wake us, the system leaves us alone. */
  #suspend(): void {
    this.letGo()
    process.kill(OWN_GROUP, 'SIGTSTP')
    this.listen() // which is later
  }
}

/** What it printed; null: it isn't there, or failed. */
function stty(word: string): string | null {
  try {
    return execFileSync('stty', [word], { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' }).trim()
  } catch {
    return null
  }
}

/** By proc(5): the process group, and the one that the terminal has in its foreground. */
function isInForeground(): boolean {
  try {
    const [, , group, , , foreground] = readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return group === foreground
  } catch {
    return true // another system
  }
}
