import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { editorLink, linkTo } from '../../../../src/dev/errors/editor.ts'
import { EDITORS, isEditor } from '../../../../src/settings/editors.ts'

test('each editor has a link with a place for both, and opens nothing in the page', () => {
  for (const [name, { link }] of Object.entries(EDITORS)) {
    match(link, /^[a-z][a-z-]*:\/\/.*\{path\}.*\{line\}$/, name)
    equal(isEditor(name), true)
  }
})

for (const [variables, editor] of [
  [{}, null],
  [{ EDITOR: 'vim' }, null],
  [{ EDITOR: 'code --wait' }, 'vscode'],
  [{ EDITOR: '/usr/bin/subl -w' }, 'sublime'],
  [{ VISUAL: 'emacsclient -t', EDITOR: 'vim' }, 'emacs'],
  [{ VISUAL: 'vim', EDITOR: 'code' }, 'vscode'],
  [{ TERM_PROGRAM: 'vscode', EDITOR: 'vim' }, 'vscode'],
  [{ TERM_PROGRAM: 'vscode', CURSOR_TRACE_ID: '1' }, 'cursor'],
  [{ TERM_PROGRAM: 'iTerm.app', EDITOR: 'zed' }, 'zed'],
  [{ TERMINAL_EMULATOR: 'JetBrains-JediTerm' }, 'pycharm'],
] as const)
  test(`guessed from ${JSON.stringify(variables)}: ${editor}`, () => {
    equal(editorLink(null, variables), editor === null ? null : EDITORS[editor]!.link)
  })

test('what was asked for counts more than what can be guessed', () => {
  equal(editorLink('none', { EDITOR: 'code' }), null)
  equal(editorLink('idea', { EDITOR: 'code' }), EDITORS.idea!.link)
  equal(editorLink('my://{path}', { EDITOR: 'code' }), 'my://{path}')
})

test('a link of one’s own has a place for the path, and a scheme that runs nothing', () => {
  deepEqual(['my+editor://open?{path}#{line}', 'vscode://vscode-remote/wsl+Ubuntu{path}:{line}'].map(isEditor), [
    true,
    true,
  ])
  for (const word of [
    '',
    'vim',
    'my://open',
    '{path}',
    'javascript:alert({path})',
    'JavaScript://{path}',
    'data:{path}',
  ])
    equal(isEditor(word), false, word)
})

test('paths are percent-encoded, and only what has one is linked', () => {
  equal(linkTo('x://f{path}:{line}', '/a b/ü&"\'<.py', 3), "x://f/a%20b/%C3%BC%26%22'%3C.py:3")
  equal(linkTo('x://f{path}:{line}', '/$&$1.py', 0), 'x://f/%24%26%241.py:1')
  equal(linkTo('x://f{path}:{line}', '<string>', 3), null)
  equal(linkTo(null, '/a.py', 3), null)
})
