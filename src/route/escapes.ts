/** Percent-decoded to one code point per byte, as `environ` wants paths; null where that gives a NUL or isn't latin-1. */
export function unescaped(text: string): string | null {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return isEnvironText(bytes) ? bytes : null
}

/**
 * Can it travel in a block? NUL separates there, and a code point above 255 would become another one: Node writes
 * U+0100 as NUL.
 */
export function isEnvironText(text: string): boolean {
  return !/[\0\u0100-\uffff]/.test(text)
}

/** Where a raw path goes on after a percent-decoded prefix that ends with one of its segments; −1 if it begins otherwise. */
export function afterPrefix(path: string, prefix: string): number {
  let at = 0
  for (let i = 0; i < prefix.length; i++) {
    const escaped = path[at] === '%'
    const code = escaped ? Number.parseInt(path.slice(at + 1, at + 3), 16) : path.charCodeAt(at)
    if (code !== prefix.charCodeAt(i)) return -1
    at += escaped ? 3 : 1
  }
  return at === path.length || path[at] === '/' ? at : -1
}
