/** What a page of a fault can be. */
export type Form = 'text' | 'json' | 'html'

/** In the order that counts where a client doesn't care: `curl` wants to be read. */
const TYPES: readonly (readonly [form: Form, type: string, subtype: string])[] = [
  ['text', 'text', 'plain'],
  ['json', 'application', 'json'],
  ['html', 'text', 'html'],
]

interface Range {
  readonly type: string
  readonly subtype: string
  readonly weight: number
  /** 2: `text/html`, 1: `text/*`, 0: a wildcard for all. */
  readonly closeness: number
  readonly at: number
}

/**
 * The form that suits an Accept best (RFC 9110 §12.5.1). Of those with the same weight: what is named before what is
 * meant by a wildcard, then what is named first. Text where none suits: an error page is better than none.
 * @param values of all its lines
 */
export function formFor(values: readonly string[]): Form {
  const ranges = values.join(',').split(',').flatMap(rangeOf)
  const rated = TYPES.flatMap(([form, type, subtype], order) => {
    const [range] = ranges.filter((one) => fits(one, type, subtype)).sort((a, b) => b.closeness - a.closeness)
    return range === undefined || range.weight === 0 ? [] : [{ form, order, range }]
  })
  rated.sort(
    (a, b) =>
      b.range.weight - a.range.weight ||
      b.range.closeness - a.range.closeness ||
      a.range.at - b.range.at ||
      a.order - b.order,
  )
  return rated[0]?.form ?? 'text'
}

function rangeOf(text: string, at: number): Range[] {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const [type = '', subtype = ''] = name.split('/')
  if (type === '' || subtype === '') return []
  const given = parameters.find((parameter) => parameter.startsWith('q='))
  const weight = given === undefined ? 1 : Number(given.slice(2))
  if (!(weight >= 0 && weight <= 1)) return []
  return [{ type, subtype, weight, closeness: type === '*' ? 0 : subtype === '*' ? 1 : 2, at }]
}

function fits(range: Range, type: string, subtype: string): boolean {
  return range.closeness === 0 || (range.type === type && (range.closeness === 1 || range.subtype === subtype))
}
