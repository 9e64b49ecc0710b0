/** A terminal that shows our output. */
export interface Terminal {
  readonly columns: number
  readonly rows: number
  /** It shows colors, and NO_COLOR (https://no-color.org) doesn't forbid them. */
  readonly colors: boolean
  /** Takes the whole screen until the scene is closed. */
  open(actor: Actor): Scene
}

/** Whoever has the screen is told of these. */
export interface Actor {
  /** What was typed, not echoed: a character, or the bytes of a key such as `\x03` (Ctrl-C). */
  typed(keys: string): void
  resized(): void
  /** This process is to end. */
  signaled(signal: NodeJS.Signals): void
}

export interface Scene {
  /** Shows these lines, the first on top, and nothing else. None may be wider than the terminal. */
  show(lines: readonly string[]): void
  /** Gives the terminal back as it was. May be called twice. */
  close(): void
}

const ENTER = '\x1b[?1049h\x1b[?25l' // the alternate screen, no cursor
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** The one of this process; null where stdout is none. */
export function systemTerminal(): Terminal | null {
  const { stdout } = process
  if (!stdout.isTTY) return null
  return {
    get columns() {
      return stdout.columns || 80
    },
    get rows() {
      return stdout.rows || 24
    },
    colors: !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    open: (actor) => openScene(actor),
  }
}

function openScene(actor: Actor): Scene {
  const { stdin, stdout } = process
  const typed = (keys: Buffer): void => actor.typed(keys.toString())
  const resized = (): void => actor.resized()
  const signaled = (signal: NodeJS.Signals): void => actor.signaled(signal)
  let open = true
  const close = (): void => {
    if (!open) return
    open = false
    process.removeListener('exit', close)
    for (const signal of SIGNALS) process.removeListener(signal, signaled)
    stdout.removeListener('resize', resized)
    if (stdin.isTTY) {
      stdin.removeListener('data', typed)
      stdin.setRawMode(false)
      stdin.pause()
    }
    stdout.write(LEAVE)
  }
  process.on('exit', close) // also when an error that nobody caught ends us
  for (const signal of SIGNALS) process.on(signal, signaled)
  stdout.on('resize', resized)
  if (stdin.isTTY) {
    stdin.setRawMode(true)
    stdin.on('data', typed)
    stdin.resume()
  }
  stdout.write(ENTER)
  return {
    show: (lines) => {
      if (open) stdout.write(HOME + lines.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_BELOW)
    },
    close,
  }
}
