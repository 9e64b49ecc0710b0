interface Editor {
  /** What opens a file there; `{path}` is absolute, so that it begins with `/`. */
  readonly link: string
  /** Commands that mean it in VISUAL or EDITOR. */
  readonly commands: readonly string[]
}

/** Editors that can be sent to a line by a link, as their documentation or their packages have it. */
export const EDITORS: Readonly<Record<string, Editor>> = {
  vscode: { link: 'vscode://file{path}:{line}', commands: ['code'] },
  'vscode-insiders': { link: 'vscode-insiders://file{path}:{line}', commands: ['code-insiders'] },
  vscodium: { link: 'vscodium://file{path}:{line}', commands: ['codium', 'vscodium'] },
  cursor: { link: 'cursor://file{path}:{line}', commands: ['cursor'] },
  windsurf: { link: 'windsurf://file{path}:{line}', commands: ['windsurf'] },
  zed: { link: 'zed://file{path}:{line}', commands: ['zed', 'zeditor'] },
  pycharm: { link: 'pycharm://open?file={path}&line={line}', commands: ['pycharm', 'charm'] },
  idea: { link: 'idea://open?file={path}&line={line}', commands: ['idea'] },
  sublime: { link: 'subl://open?url=file://{path}&line={line}', commands: ['subl', 'sublime_text'] },
  textmate: { link: 'txmt://open?url=file://{path}&line={line}', commands: ['mate'] },
  emacs: { link: 'emacs://open?url=file://{path}&line={line}', commands: ['emacs', 'emacsclient'] },
  macvim: { link: 'mvim://open?url=file://{path}&line={line}', commands: ['mvim'] },
}

/** Instead of an editor: paths without links. */
export const NO_EDITOR = 'none'

/** A link of one's own: any scheme but those that would run in the page. */
const OWN_LINK = /^(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:.*\{path\}/i

/** Is it the name of an editor, or a link with `{path}` in it? */
export function isEditor(word: string): boolean {
  return word === NO_EDITOR || Object.hasOwn(EDITORS, word) || OWN_LINK.test(word)
}
