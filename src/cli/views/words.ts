/** Figures and texts as people read them in a terminal. */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `340 ms`, `4.2 s`, `3m 20s`, `4h 10m`, `3d 4h`. */
export function ageText(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
  if (ms < HOUR) return two(ms, MINUTE, 'm', SECOND, 's')
  if (ms < DAY) return two(ms, HOUR, 'h', MINUTE, 'm')
  return two(ms, DAY, 'd', HOUR, 'h')
}

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  return `${Math.floor(ms / large)}${largeName} ${Math.floor((ms % large) / small)}${smallName}`
}

/** `0 B`, `812 B`, `9.4 KiB`, `320 MiB`; null, which nobody knows: `?`. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return '?'
  if (bytes < 1024) return `${bytes} B`
  let amount = bytes
  let unit = ''
  for (const next of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (amount < 1023.5) break
    amount /= 1024
    unit = next
  }
  return `${amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${unit}`
}

/** A share as percents: 0.432 is `43%`. */
export function percentText(share: number): string {
  return `${Math.round(Math.max(0, share) * 100)}%`
}

/** Requests a second: `0`, `0.4`, `12`, `17200`. */
export function rateText(rate: number): string {
  return rate > 0 && rate < 9.95 ? rate.toFixed(1) : String(Math.round(Math.max(0, rate)))
}

/** Text that came from elsewhere, unable to drive the terminal: control characters become `\xHH`. `keep`: those let through. */
export function printable(text: string, keep = ''): string {
  return text.replace(/[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (char) => {
    if (keep.includes(char)) return char
    const hex = char.charCodeAt(0).toString(16)
    return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`
  })
}

// East Asian Wide and Fullwidth (Unicode TR 11), as far as terminals agree on them.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const char of text) width += columnsOf(char)
  return width
}

function columnsOf(char: string): number {
  if (char < '\u0300') return 1
  return NONE.test(char) ? 0 : WIDE.test(char) ? 2 : 1
}

/** The text, cut where it is wider than `columns`, and said to be. */
export function clipped(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  if (columns < 1) return ''
  let kept = ''
  let width = 0
  for (const char of text) {
    width += columnsOf(char)
    if (width > columns - 1) break
    kept += char
  }
  return `${kept}…`
}
