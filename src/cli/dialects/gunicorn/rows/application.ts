import { accepted, gift, gifts, mapped, same } from '../../verdict.ts'
import { withoutEndSlash } from '../../words.ts'
import { list, text, toggle } from '../kinds.ts'
import { within } from '../places.ts'
import { type GunicornRow, section } from '../row.ts'

export const APPLICATION: readonly GunicornRow[] = [
  ...section('Config File', {
    config: {
      kind: text,
      flags: '-c --config',
      metavar: 'CONFIG',
      default: './gunicorn.conf.py',
      help: 'The configuration file: PATH, file:PATH or python:MODULE.',
      verdict: same('the file, run by Python, again at each reload', () => []),
    },
    wsgi_app: {
      kind: text,
      metavar: 'STRING',
      help: 'The application, where the command line names none.',
      verdict: same('`APP`', (value) => gifts('app', value)),
    },
  }),
  ...section('Server Mechanics', {
    preload_app: {
      kind: toggle,
      flags: '--preload',
      default: false,
      help: 'Load the application once, before the workers are forked from it.',
      verdict: mapped(
        '`--preload always`. Left out: `auto`, which preloads where that is safe; but `never` with a pre_fork or post_fork hook, which count on being first. Preloaded code is reloaded, too',
        (value, all) => {
          if (value) return [gift('preload', 'always')]
          return all.pre_fork || all.post_fork ? [gift('preload', 'never')] : []
        },
      ),
    },
    chdir: {
      kind: text,
      flags: '--chdir',
      help: 'The folder to change to before the application is loaded; paths start from it.',
      verdict: same('`--chdir`', (value) => gifts('chdir', value)),
    },
    raw_env: {
      kind: list,
      flags: '-e --env',
      metavar: 'ENV',
      default: [],
      help: "KEY=VALUE for the application's environment. Repeatable.",
      verdict: same('`--env`; SCRIPT_NAME is `--script-name`', (value) => {
        const pairs = value as readonly string[]
        const prefix = pairs.findLast((pair) => pair.startsWith('SCRIPT_NAME='))?.slice('SCRIPT_NAME='.length)
        return [
          ...(pairs.length > 0 ? [gift('env', ...pairs)] : []),
          ...(prefix === undefined ? [] : [gift('scriptName', withoutEndSlash(prefix))]),
        ]
      }),
    },
    pythonpath: {
      kind: text,
      flags: '--pythonpath',
      metavar: 'STRING',
      help: 'Folders to import from, with commas between.',
      // Each is put before those before it.
      verdict: same('`--pythonpath`', (value, all) => {
        const folders = value === null ? [] : (value as string).split(',').reverse()
        return value === null ? [] : [gift('pythonpath', ...folders.map((folder) => within(all, folder)))]
      }),
    },
    paste: {
      kind: text,
      flags: '--paste --paster',
      metavar: 'STRING',
      help: 'A PasteDeploy configuration to load the application from.',
      verdict: same('`--paste`: PATH.ini or PATH.ini#NAME', (value, all) => {
        if (value === null) return []
        const path = String(value).replace(/^config:/, '')
        return [gift('paste', within(all, path))]
      }),
    },
    raw_paste_global_conf: {
      kind: list,
      flags: '--paste-global',
      metavar: 'CONF',
      default: [],
      help: 'KEY=VALUE for PasteDeploy. Repeatable.',
      verdict: same('`--paste-global`', (value) => {
        const pairs = value as readonly string[]
        return pairs.length > 0 ? [gift('pasteGlobal', ...pairs)] : []
      }),
    },
    root_path: {
      kind: text,
      flags: '--root-path',
      metavar: 'STRING',
      default: '',
      help: 'The root_path of an ASGI application.',
      verdict: accepted(
        'it is for ASGI applications; a WSGI application gets its prefix from the variable SCRIPT_NAME',
      ),
    },
  }),
]
