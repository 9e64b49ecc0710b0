import { basename } from 'node:path'
import { EDITORS, NO_EDITOR } from '../../settings/editors.ts'
import type { Variables } from '../../settings/variables.ts'

/** What editors with a terminal of their own leave in its variables. */
const TERMINALS: readonly (readonly [variable: string, value: RegExp, editor: string])[] = [
  ['CURSOR_TRACE_ID', /./, 'cursor'], // its TERM_PROGRAM is vscode
  ['TERM_PROGRAM', /^vscode$/, 'vscode'],
  ['TERM_PROGRAM', /^zed$/i, 'zed'],
  ['TERMINAL_EMULATOR', /^JetBrains/, 'pycharm'],
]

/**
 * The link that opens an editor, with `{path}` and `{line}` in it; null: none is known.
 * @param wanted what --editor says; null: it is to be guessed
 */
export function editorLink(wanted: string | null, variables: Variables): string | null {
  if (wanted === NO_EDITOR) return null
  if (wanted !== null) return EDITORS[wanted]?.link ?? wanted
  const name = ofTerminal(variables) ?? ofCommand(variables.VISUAL) ?? ofCommand(variables.EDITOR)
  return name === null ? null : EDITORS[name]!.link
}

/** Opens a file at a line; null: there is no editor, or the file has no path. */
export function linkTo(editor: string | null, path: string, line: number): string | null {
  if (editor === null || !path.startsWith('/')) return null
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  return editor.replaceAll('{path}', () => encoded).replaceAll('{line}', String(Math.max(1, line)))
}

function ofTerminal(variables: Variables): string | null {
  return TERMINALS.find(([variable, value]) => value.test(variables[variable] ?? ''))?.[2] ?? null
}

function ofCommand(words: string | undefined): string | null {
  const command = basename(words?.trim().split(/\s+/)[0] ?? '')
  return Object.keys(EDITORS).find((name) => EDITORS[name]!.commands.includes(command)) ?? null
}
