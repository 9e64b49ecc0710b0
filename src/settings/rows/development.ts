import { EDITORS, isEditor, NO_EDITOR } from '../editors.ts'
import { word } from '../readers.ts'
import { unset } from '../row.ts'

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
} as const
