/** A drawing as text. Data in, SVG out; nothing else. */

export const INK = '#1f2328'
export const FAINT = '#656d76'
export const LINE = '#d0d7de'
export const GOOD = '#1a7f37'
export const BAD = '#cf222e'
export const ACCENT = '#0969da'

const FONT = "'DejaVu Sans', Verdana, Arial, sans-serif"

export interface TextStyle {
  readonly size?: number
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly fill?: string
  readonly bold?: boolean
}

export class Drawing {
  readonly #width: number
  readonly #height: number
  readonly #parts: string[] = []

  constructor(width: number, height: number) {
    this.#width = width
    this.#height = height
  }

  text(x: number, y: number, content: string, style: TextStyle = {}): this {
    const { size = 12, anchor = 'start', fill = INK, bold = false } = style
    const weight = bold ? ' font-weight="bold"' : ''
    this.#parts.push(
      `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}" fill="${fill}"${weight}>${escaped(content)}</text>`,
    )
    return this
  }

  rect(x: number, y: number, width: number, height: number, fill: string): this {
    this.#parts.push(
      `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(0, width))}" height="${round(height)}" fill="${fill}"/>`,
    )
    return this
  }

  line(x1: number, y1: number, x2: number, y2: number, stroke = LINE, width = 1, dash = ''): this {
    const dashes = dash ? ` stroke-dasharray="${dash}"` : ''
    this.#parts.push(
      `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}" stroke-width="${width}"${dashes}/>`,
    )
    return this
  }

  circle(x: number, y: number, radius: number, fill: string, stroke = 'none'): this {
    this.#parts.push(
      `<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" fill="${fill}" stroke="${stroke}" stroke-width="2"/>`,
    )
    return this
  }

  toString(): string {
    const size = `width="${this.#width}" height="${this.#height}" viewBox="0 0 ${this.#width} ${this.#height}"`
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${FONT}">`,
      `<rect width="${this.#width}" height="${this.#height}" fill="#ffffff"/>`,
      ...this.#parts,
      '</svg>',
      '',
    ].join('\n')
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
