import { accepted, gift, mapped, refused, same } from '../../verdict.ts'
import { choice, list, toggle } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'

export const DEBUGGING: readonly GunicornRow[] = section('Debugging', {
  reload: {
    kind: toggle,
    flags: '--reload',
    default: false,
    help: 'Reload when the code changes.',
    verdict: mapped(
      'what `dram dev` does: what the application has imported is watched, and requests wait while it is loaded anew. One that fails to load is a 500 with its traceback, for this machine alone',
      (value) => (value === true ? [gift('exposeErrors', 'true'), gift('exposeErrorsTo', 'local')] : []),
    ),
  },
  reload_engine: {
    kind: choice('auto', 'poll', 'inotify'),
    flags: '--reload-engine',
    metavar: 'STRING',
    default: 'auto',
    help: 'How reload looks for changes.',
    verdict: accepted('changes are told by the system, and looked for where it tells of none'),
  },
  reload_extra_files: {
    kind: list,
    flags: '--reload-extra-file',
    metavar: 'FILES',
    default: [],
    help: 'Further files that reload looks at. Repeatable.',
    verdict: mapped(
      'watched beside what is imported',
      () => [],
      (value) =>
        (value as string[]).some((path) => /[*?[]/.test(path)) ? 'patterns are not expanded: name the files' : null,
    ),
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
