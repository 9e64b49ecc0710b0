import { wrong } from '../translate.ts'
import type { Told, Value } from '../verdict.ts'
import type { Kind } from './adjustments.ts'
import { words } from './binds.ts'

/**
 * A word as Waitress reads it: what isn't a true word is false, and a number may have blanks and underscores.
 * @throws Fault SETTING_INVALID
 */
export function readWord(kind: Kind, word: string, origin: Told['origin']): Value {
  switch (kind) {
    case 'bool':
      return TRUE.includes(word.trim().toLowerCase())
    case 'int': {
      const text = word.trim()
      if (!/^[+-]?\d+(?:_\d+)*$/.test(text)) throw wrong({ value: word, origin }, 'a whole number')
      return Number(text.replaceAll('_', ''))
    }
    case 'octal':
      return word.trim().replace(/^0+(?=\d{3}$)/, '')
    case 'words':
    case 'sockets':
      return words(word)
    case 'text':
      return word
  }
}

const TRUE = ['t', 'true', 'y', 'yes', 'on', '1']
