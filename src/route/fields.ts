import type { HeaderField } from '../events/request.ts'

/** The values of all lines with this name (lower case) as one list; null where there is none, or nothing in it. */
export function joined(fields: readonly HeaderField[], name: string): string | null {
  let all: string | null = null
  for (const field of fields) {
    if (field.name === name && field.value !== '') all = all === null ? field.value : `${all}, ${field.value}`
  }
  return all
}
