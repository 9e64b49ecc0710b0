/** Text of durations and sizes, as people write them and as we show them. */

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Decimal units as the SI has them; a bare letter is binary, as in the configuration of most servers. */
const SIZE_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
}

/** `30s`, `500ms`, `1.5m`; a plain number is seconds. Whole milliseconds; null if the text is no duration. */
export function parseDuration(text: string): number | null {
  return amount(text, DURATION_MS, 's')
}

/** `64KiB`, `10MB`, `1g`; a plain number is bytes. Whole bytes; null if the text is no size. */
export function parseSize(text: string): number | null {
  return amount(text, SIZE_BYTES, 'b')
}

function amount(text: string, units: Readonly<Record<string, number>>, plain: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ?([a-z]*)$/i.exec(text.trim())
  const unit = match && units[match[2]!.toLowerCase() || plain]
  if (!unit) return null
  const value = Math.round(Number(match[1]) * unit)
  return Number.isSafeInteger(value) ? value : null
}

export function durationText(ms: number): string {
  if (ms === 0) return '0s'
  return wholeUnit(ms, [
    ['h', DURATION_MS.h!],
    ['m', DURATION_MS.m!],
    ['s', DURATION_MS.s!],
    ['ms', 1],
  ])
}

export function sizeText(bytes: number): string {
  if (bytes === 0) return '0'
  return wholeUnit(bytes, [
    ['TiB', SIZE_BYTES.tib!],
    ['GiB', SIZE_BYTES.gib!],
    ['MiB', SIZE_BYTES.mib!],
    ['KiB', SIZE_BYTES.kib!],
    ['', 1],
  ])
}

/** The amount in the largest unit that leaves no remainder. */
function wholeUnit(amount: number, units: readonly (readonly [name: string, size: number])[]): string {
  const [name, size] = units.find(([, size]) => amount % size === 0) ?? ['', 1]
  return `${amount / size}${name}`
}
