import { wrong } from '../../translate.ts'
import { accepted, type Give, gift, gifts, mapped, same, type Values } from '../../verdict.ts'
import { cls, dict, text, toggle } from '../kinds.ts'
import { within } from '../places.ts'
import { type GunicornRow, section } from '../row.ts'

const LEVELS: Readonly<Record<string, string>> = {
  debug: 'debug',
  info: 'info',
  warning: 'warning',
  error: 'error',
  critical: 'critical',
}

const FACILITIES =
  'kern user mail daemon auth security syslog lpr news uucp cron authpriv ftp ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'

/** All of syslog's settings count only together. */
const syslogGifts: Give = (value, all, told) => {
  // Where Python writes the logs, it does that, too.
  if (value !== true || hasOwnLogs(all)) return []
  const facility = String(all.syslog_facility).toLowerCase()
  if (!FACILITIES.split(' ').includes(facility))
    throw wrong({ ...told, value: all.syslog_facility! }, `with one of the facilities ${FACILITIES}`)
  return [
    gift('syslog', syslogAddress(all, told)),
    gift('syslogName', `gunicorn.${programName(all)}`),
    gift('syslogFacility', facility),
    gift('syslogAccess', String(all.disable_redirect_access_to_syslog !== true)),
  ]
}

function syslogAddress(all: Values, told: Parameters<Give>[2]): string {
  const address = String(all.syslog_addr)
  const [, path, type] = /^unix:\/\/([^#]+)(?:#(.*))?$/.exec(address) ?? []
  if (path !== undefined) return `${type === 'stream' ? 'unix-stream' : 'unix'}://${within(all, path)}`
  if (/^(?:udp|tcp):\/\//.test(address)) return address
  throw wrong(
    { ...told, value: address },
    'with an address such as udp://HOST:PORT, tcp://HOST:PORT or unix://PATH#dgram',
  )
}

function programName(all: Values): string {
  const name = all.syslog_prefix ?? all.proc_name ?? all.default_proc_name
  return String(name).replaceAll(':', '.').replace(/\s/g, '-').slice(0, 50)
}

const OWN_CLASSES: readonly unknown[] = [
  null,
  'gunicorn.glogging.Logger',
  'gunicorn.instrument.statsd.Statsd',
  'simple',
]

/** Does somebody else than the front write the logs? */
function hasOwnLogs(all: Values): boolean {
  const { logger_class: named, logconfig, logconfig_json: json, logconfig_dict: dictionary } = all
  const isNamed = !OWN_CLASSES.includes(named)
  return isNamed || Boolean(logconfig) || Boolean(json) || Object.keys(dictionary ?? {}).length > 0
}

const ownLogs: Give = (_, all) => (hasOwnLogs(all) ? [gift('logConfig', 'extension')] : [])

const USUAL_STATSD_PORT = 8125

/** All of StatsD's settings count only together. */
const statsdGifts: Give = (value, all) => {
  if (value === null) return []
  const prefix = String(all.statsd_prefix).replace(/\.+$/, '')
  const tags = String(all.dogstatsd_tags ?? '')
  return [
    gift('statsd', statsdAddress(String(value))),
    gift('statsdNames', 'classic'),
    gift('statsdPrefix', prefix === '' ? 'gunicorn' : `${prefix}.gunicorn`),
    gift('statsdIntervalMs', '1s'),
    ...(tags === '' ? [] : [gift('statsdTags', tags)]),
  ]
}

function statsdAddress(address: string): string {
  if (address.startsWith('unix://')) return `unix:${address.slice('unix://'.length)}`
  if (/^\[.*\]$/.test(address) || !address.includes(':')) return `${address}:${USUAL_STATSD_PORT}`
  return address
}

export const LOGS: readonly GunicornRow[] = section('Logging', {
  accesslog: {
    kind: text,
    flags: '--access-logfile',
    metavar: 'FILE',
    help: 'The file for a line per request; - is standard output.',
    verdict: same('`--access-log`', (value, all) =>
      value === null ? [] : [gift('accessLog', value === '-' ? '-' : within(all, value as string))],
    ),
  },
  disable_redirect_access_to_syslog: {
    kind: toggle,
    flags: '--disable-redirect-access-to-syslog',
    default: false,
    help: 'Keep the access log out of syslog.',
    verdict: mapped('`--syslog-access`, with log_syslog', () => []),
  },
  access_log_format: {
    kind: text,
    flags: '--access-logformat',
    metavar: 'STRING',
    default: '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
    help: 'What a line of the access log looks like.',
    verdict: same('`--access-log-format`', (value) => gifts('accessLogFormat', value)),
  },
  errorlog: {
    kind: text,
    flags: '--error-logfile --log-file',
    metavar: 'FILE',
    default: '-',
    help: 'The file for the log; - is standard error.',
    verdict: same('`--log-file`', (value, all) =>
      value === null ? [] : [gift('logFile', value === '-' ? '-' : within(all, value as string))],
    ),
  },
  loglevel: {
    kind: text,
    flags: '--log-level',
    metavar: 'LEVEL',
    default: 'info',
    help: 'The least level that is logged: debug, info, warning, error, critical.',
    verdict: same('`--log-level`; an unknown one is info, as there', (value) => [
      gift('logLevel', LEVELS[String(value).toLowerCase()] ?? 'info'),
    ]),
  },
  capture_output: {
    kind: toggle,
    flags: '--capture-output',
    default: false,
    help: 'Write what the application prints into the log.',
    verdict: mapped('`--app-output`: into the log, or through to standard output and error as it is', (value) => [
      gift('appOutput', value === true ? 'log' : 'through'),
    ]),
  },
  logger_class: {
    kind: cls,
    flags: '--logger-class',
    metavar: 'STRING',
    default: 'gunicorn.glogging.Logger',
    help: 'The class that logs.',
    verdict: mapped(
      '`--log-config`: an object of the class writes both logs, in a process beside the server, and is `log` of server and worker',
      ownLogs,
    ),
  },
  logconfig: {
    kind: text,
    flags: '--log-config',
    metavar: 'FILE',
    help: 'A file for logging.config.fileConfig.',
    verdict: mapped(
      '`--log-config`: the loggers gunicorn.error and gunicorn.access write both logs, in a process beside the server; in the workers it counts, too',
      ownLogs,
    ),
  },
  logconfig_dict: {
    kind: dict,
    default: {},
    help: 'A dictionary for logging.config.dictConfig.',
    verdict: mapped('`--log-config`, as logconfig', ownLogs),
  },
  logconfig_json: {
    kind: text,
    flags: '--log-config-json',
    metavar: 'FILE',
    help: 'A JSON file for logging.config.dictConfig.',
    verdict: mapped('`--log-config`, as logconfig', ownLogs),
  },
  syslog_addr: {
    kind: text,
    flags: '--log-syslog-to',
    metavar: 'SYSLOG_ADDR',
    default: 'udp://localhost:514',
    help: 'Where syslog listens.',
    verdict: mapped('`--syslog`, with log_syslog; for unix:// without #stream datagrams', () => []),
  },
  syslog: {
    kind: toggle,
    flags: '--log-syslog',
    default: false,
    help: 'Log to syslog.',
    verdict: mapped('`--syslog`, `--syslog-access`: both logs, without the NUL at the end of a message', syslogGifts),
  },
  syslog_prefix: {
    kind: text,
    flags: '--log-syslog-prefix',
    metavar: 'SYSLOG_PREFIX',
    help: 'What the program is called in syslog.',
    verdict: mapped('`--syslog-name`, with log_syslog', () => []),
  },
  syslog_facility: {
    kind: text,
    flags: '--log-syslog-facility',
    metavar: 'SYSLOG_FACILITY',
    default: 'user',
    help: 'The facility of syslog.',
    verdict: mapped('`--syslog-facility`, with log_syslog', () => []),
  },
  enable_stdio_inheritance: {
    kind: toggle,
    flags: '-R --enable-stdio-inheritance',
    default: false,
    help: 'Keep standard output and error in the background.',
    verdict: accepted('in the background they go to the log file'),
  },
  statsd_host: {
    kind: text,
    flags: '--statsd-host',
    metavar: 'STATSD_ADDR',
    help: 'The StatsD server to push metrics to: HOST:PORT.',
    verdict: mapped(
      '`--statsd`, with `--statsd-names classic`: what happened in a second, durations one by one',
      statsdGifts,
    ),
  },
  dogstatsd_tags: {
    kind: text,
    flags: '--dogstatsd-tags',
    metavar: 'DOGSTATSD_TAGS',
    default: '',
    help: 'Tags for each metric, with commas between.',
    verdict: mapped('`--statsd-tags`, with statsd_host', () => []),
  },
  statsd_prefix: {
    kind: text,
    flags: '--statsd-prefix',
    metavar: 'STATSD_PREFIX',
    default: '',
    help: 'What the names of the metrics begin with.',
    verdict: mapped('`--statsd-prefix`, with statsd_host', () => []),
  },
  enable_backlog_metric: {
    kind: toggle,
    flags: '--enable-backlog-metric',
    default: false,
    help: 'Push how many connections wait in the backlog.',
    verdict: mapped(
      'with statsd_host, `backlog` is always told: how many requests wait for a worker; in the kernel none does',
      () => [],
    ),
  },
})
