import { accepted, refused, same } from '../../verdict.ts'
import { choice, list, toggle } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'

export const DEBUGGING: readonly GunicornRow[] = section('Debugging', {
  reload: {
    kind: toggle,
    flags: '--reload',
    default: false,
    help: 'Reload when the code changes.',
    verdict: refused(
      'while you develop, use dram dev APP, which reloads when a file changes and shows what is wrong; on a server leave it out, and reload with dram reload, SIGHUP, or a file to touch (DRAM_TOUCH_RELOAD=PATH)',
    ),
  },
  reload_engine: {
    kind: choice('auto', 'poll', 'inotify'),
    flags: '--reload-engine',
    metavar: 'STRING',
    default: 'auto',
    help: 'How reload looks for changes.',
    verdict: accepted('it is for reload, which dram dev does'),
  },
  reload_extra_files: {
    kind: list,
    flags: '--reload-extra-file',
    metavar: 'FILES',
    default: [],
    help: 'Further files that reload looks at. Repeatable.',
    verdict: accepted('it is for reload, which dram dev does'),
  },
  spew: {
    kind: toggle,
    flags: '--spew',
    default: false,
    help: 'Print every line that is run.',
    verdict: refused(
      'dram stacks shows what the workers run; for every line run the application with python -m trace --trace',
    ),
  },
  check_config: {
    kind: toggle,
    flags: '--check-config',
    default: false,
    help: 'Load configuration and application, and end: 0 if they are good, else 1.',
    verdict: same('the same', () => []),
  },
  print_config: {
    kind: toggle,
    flags: '--print-config',
    default: false,
    help: 'Print all settings, then check as --check-config does.',
    verdict: same('the same', () => []),
  },
})
