import { BOLD, CYAN, DIM, RED, RESET } from '../../kit/ansi.ts'
import { withoutEchoes } from './chain.ts'
import { foldedText, packageOf, runsOf } from './folding.ts'

/** A piece of a traceback's text: a frame with the lines that belong to it, or a line that belongs to none. */
type Piece =
  | {
      readonly kind: 'frame'
      readonly indent: string
      readonly file: string
      readonly lines: string[]
      /** How often it stands there; Python says so for frames like the one before. */
      times: number
    }
  | { readonly kind: 'line'; readonly text: string }

/** In front of a frame are spaces, and the bars of exception groups. A place of a SyntaxError has no `in`. */
const FRAME = /^([ |]*)File "(.*)", line \d+, in /
const REPEATED = /^[ |]*\[Previous line repeated (\d+) more times?\]$/
/** `ValueError: told to`, `  | shop.SoldOut` */
const RAISED = /^[ |]*(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?::|$)/

/**
 * The text of a traceback with the frames of the application, runs of others as one line, and no exception twice. Where
 * no frame is the application's, those stay in which something was raised.
 */
export function trimmed(trace: string, hasColors = false): string {
  const pieces = piecesOf(trace)
  const isForeign = (piece: Piece): boolean => piece.kind === 'frame' && packageOf(piece.file) !== null
  const hasOwn = pieces.some((piece) => piece.kind === 'frame' && !isForeign(piece))
  const isLast = (piece: Piece, at: number): boolean => piece.kind === 'frame' && pieces[at + 1]?.kind !== 'frame'
  const kept = new Set(hasOwn ? [] : pieces.filter(isLast))
  const isFolded = (piece: Piece): boolean => isForeign(piece) && !kept.has(piece)
  const runs = runsOf(pieces, (piece) => isFolded(piece) && piece.kind === 'frame' && piece.indent)
  const lines = runs.flatMap((run) => (isFolded(run[0]!) ? [folded(run, hasColors)] : shown(run, hasColors)))
  return withoutEchoes(lines.join('\n'))
}

function piecesOf(trace: string): Piece[] {
  const pieces: Piece[] = []
  for (const text of trace.split('\n')) {
    const [, indent, file] = FRAME.exec(text) ?? []
    const last = pieces.at(-1)
    const repeated = REPEATED.exec(text)
    if (file !== undefined) pieces.push({ kind: 'frame', indent: indent!, file, lines: [text], times: 1 })
    else if (last?.kind === 'frame' && (repeated !== null || text.startsWith(`${last.indent}  `))) {
      last.lines.push(text)
      last.times += Number(repeated?.[1] ?? 0)
    } else pieces.push({ kind: 'line', text })
  }
  return pieces
}

function folded(run: readonly Piece[], hasColors: boolean): string {
  const frames = run.filter((piece) => piece.kind === 'frame')
  const count = frames.reduce((sum, { times }) => sum + times, 0)
  const text = `… ${foldedText(
    frames.map(({ file }) => file),
    count,
  )}`
  return frames[0]!.indent + paint(hasColors, DIM, text)
}

function shown(run: readonly Piece[], hasColors: boolean): string[] {
  return run.flatMap((piece) => {
    if (piece.kind === 'line') return [RAISED.test(piece.text) ? paint(hasColors, RED + BOLD, piece.text) : piece.text]
    const [first, ...rest] = piece.lines
    return [paint(hasColors, CYAN, first!), ...rest]
  })
}

function paint(hasColors: boolean, color: string, text: string): string {
  return hasColors ? color + text + RESET : text
}
