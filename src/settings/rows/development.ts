import { resolve } from 'node:path'
import { EDITORS, isEditor, NO_EDITOR } from '../editors.ts'
import { many, word } from '../readers.ts'
import { row, unset } from '../row.ts'

/** What only `dram dev` asks for. */
export const DEVELOPMENT = {
  editor: unset({
    section: 'development',
    flag: '--editor',
    reader: word(
      'EDITOR',
      `${Object.keys(EDITORS).join(', ')}, ${NO_EDITOR}, or a link with {path} and {line}`,
      isEditor,
    ),
    help: 'The editor that error pages of dram dev lead to, by name, or as a link with {path} and {line} in it.',
    why: `Where nothing is said it is guessed from the terminal, VISUAL and EDITOR. Names: ${Object.keys(EDITORS).join(', ')}; ${NO_EDITOR} for paths without links.`,
    applies: 'restart',
  }),
  watch: row({
    section: 'development',
    flag: '--watch',
    reader: many(
      'PATTERN',
      'a file, a folder, or a pattern with *, ? and **, or several with colons between',
      (word, folder) => (word.includes('\0') ? undefined : resolve(folder, word)),
      ':',
    ),
    default: [],
    help: 'Further files whose change reloads the application in dram dev, as config/*.yml or data/**. Repeatable.',
    why: 'What it imports, its templates and .env are watched anyway.',
    applies: 'restart',
  }),
} as const
