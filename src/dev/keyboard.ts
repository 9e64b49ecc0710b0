import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Ends what a dead program may have asked of a terminal: marks around what is pasted, and a hidden cursor. */
const CALM = '\x1b[?2004l\x1b[?25h'

/** The terminal on standard input, as long as keys are heard there one by one. */
export class Keyboard {
  readonly #heard: (key: string) => void
  #isListening = false
  /** As stty says it, from before somebody else got it. */
  #modes = 'sane'

  constructor(heard: (key: string) => void) {
    this.#heard = heard
  }

  /** There is a terminal, and it is ours: who runs in the background is stopped by touching it. */
  static get isThere(): boolean {
    return process.stdin.isTTY === true && isInForeground()
  }

  listen(): void {
    if (this.#isListening || !Keyboard.isThere) return
    this.#isListening = true
    const { stdin } = process
    stdin.setRawMode(true)
    stdin.on('data', this.#typed)
    stdin.resume()
  }

  /** From now on it is as it was before, and others may read from it. */
  letGo(): void {
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

  readonly #typed = (bytes: Buffer): void => {
    for (const key of bytes.toString()) this.#heard(key)
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
