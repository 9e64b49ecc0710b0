import { accepted, gift, gifts, mapped, same } from '../../verdict.ts'
import { mode, text, toggle, who } from '../kinds.ts'
import { within } from '../places.ts'
import { type GunicornRow, section } from '../row.ts'

const ALL_MAY = 0o777
const DIGITS = 3
const LONGEST_NAME = 64

export const PROCESS: readonly GunicornRow[] = [
  ...section('Server Mechanics', {
    daemon: {
      kind: toggle,
      flags: '-D --daemon',
      default: false,
      help: 'Go to the background.',
      verdict: same(
        '`--daemon`, once the server is ready. Without a log file the log goes to /dev/null, as there',
        (value, all) => {
          if (!value) return []
          const isLost = all.errorlog === '-' || all.errorlog === null
          return [gift('daemon', 'true'), ...(isLost ? [gift('logFile', '/dev/null')] : [])]
        },
      ),
    },
    pidfile: {
      kind: text,
      flags: '-p --pid',
      metavar: 'FILE',
      help: 'A file to write the process id to.',
      verdict: same('`--pidfile`', (value, all) => (value === null ? [] : [gift('pidfile', within(all, `${value}`))])),
    },
    worker_tmp_dir: {
      kind: text,
      flags: '--worker-tmp-dir',
      metavar: 'DIR',
      help: "The folder for the workers' heartbeat files.",
      verdict: accepted('workers have no heartbeat file'),
    },
    user: {
      kind: who,
      flags: '-u --user',
      metavar: 'USER',
      help: 'Serve as this user.',
      verdict: mapped('`--user`: the server itself becomes that user, too, once ports and logs are open', (value) =>
        gifts('user', value),
      ),
    },
    group: {
      kind: who,
      flags: '-g --group',
      metavar: 'GROUP',
      help: 'Serve as this group.',
      verdict: mapped("`--group`. Without it the user's first group", (value) => gifts('group', value)),
    },
    umask: {
      kind: mode,
      flags: '-m --umask',
      metavar: 'INT',
      default: 0,
      help: 'The permissions that Unix sockets do not get.',
      verdict: mapped(
        '`--unix-mode`, 777 without it; of other files the umask stays as inherited, as there',
        (value) => [gift('unixMode', (ALL_MAY & ~(value as number)).toString(8).padStart(DIGITS, '0'))],
      ),
    },
    initgroups: {
      kind: toggle,
      flags: '--initgroups',
      default: false,
      help: 'Take on all further groups of the user.',
      verdict: same('`--initgroups`', (value) => [gift('initgroups', String(value ?? false))]),
    },
    tmp_upload_dir: {
      kind: text,
      metavar: 'DIR',
      help: 'The folder for request bodies on their way (nothing in Gunicorn reads it).',
      verdict: mapped('`--spool-dir`', (value, all) =>
        value === null ? [] : [gift('spoolDir', within(all, `${value}`))],
      ),
    },
  }),
  ...section('Process Naming', {
    proc_name: {
      kind: text,
      flags: '-n --name',
      metavar: 'STRING',
      help: 'The name in the titles of the processes.',
      verdict: mapped('`--name`; what it can’t hold becomes a hyphen', (value) =>
        value ? [gift('name', nameOf(value as string))] : [],
      ),
    },
    default_proc_name: {
      kind: text,
      metavar: '',
      default: 'gunicorn',
      help: 'The name where proc_name is not set.',
      verdict: mapped('`--name`', (value, all, { origin }) => {
        const isAsked = origin.kind !== 'dialect' || origin.source !== ''
        return isAsked && all.proc_name === null && value !== null ? [gift('name', nameOf(value as string))] : []
      }),
    },
  }),
  ...section('Control', {
    control_socket: {
      kind: text,
      flags: '--control-socket',
      metavar: 'PATH',
      help: 'The socket for gunicornc.',
      verdict: accepted('gunicornc is not served: speak to the server with dram status, top, scale, reload, stop'),
    },
    control_socket_mode: {
      kind: mode,
      flags: '--control-socket-mode',
      metavar: 'INT',
      default: 0o600,
      help: 'The permissions of that socket.',
      verdict: accepted("the control socket is the own user's alone"),
    },
    control_socket_disable: {
      kind: toggle,
      flags: '--no-control-socket',
      default: false,
      help: 'Open no control socket.',
      verdict: same('`--no-control`', (value) => (value ? [gift('control', 'false')] : [])),
    },
  }),
]

function nameOf(name: string): string {
  return name.replace(/[^\w.-]+/g, '-').slice(0, LONGEST_NAME)
}
