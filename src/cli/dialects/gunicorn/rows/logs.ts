import { accepted, gift, gifts, mapped, refused, same } from '../../verdict.ts'
import { cls, dict, text, toggle } from '../kinds.ts'
import { within } from '../places.ts'
import { type GunicornRow, section } from '../row.ts'

const LEVELS: Readonly<Record<string, string>> = {
  debug: 'debug',
  info: 'info',
  warning: 'warning',
  error: 'error',
  critical: 'error',
}

const NO_SYSLOG = 'log to standard error and let the service manager pass it on'

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
    verdict: accepted('syslog is not spoken here yet'),
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
    verdict: same('`--log-level`; critical is `error`, an unknown one info, as there', (value) => [
      gift('logLevel', LEVELS[String(value).toLowerCase()] ?? 'info'),
    ]),
  },
  capture_output: {
    kind: toggle,
    flags: '--capture-output',
    default: false,
    help: 'Write what the application prints into the log.',
    verdict: same('always so', () => []),
  },
  logger_class: {
    kind: cls,
    flags: '--logger-class',
    metavar: 'STRING',
    default: 'gunicorn.glogging.Logger',
    help: 'The class that logs.',
    verdict: refused('the server writes its log itself; see docs/settings.md, Logs'),
  },
  logconfig: {
    kind: text,
    flags: '--log-config',
    metavar: 'FILE',
    help: 'A file for logging.config.fileConfig.',
    verdict: refused('configure logging in the application'),
  },
  logconfig_dict: {
    kind: dict,
    default: {},
    help: 'A dictionary for logging.config.dictConfig.',
    verdict: refused('configure logging in the application'),
  },
  logconfig_json: {
    kind: text,
    flags: '--log-config-json',
    metavar: 'FILE',
    help: 'A JSON file for logging.config.dictConfig.',
    verdict: refused('configure logging in the application'),
  },
  syslog_addr: {
    kind: text,
    flags: '--log-syslog-to',
    metavar: 'SYSLOG_ADDR',
    default: 'udp://localhost:514',
    help: 'Where syslog listens.',
    verdict: accepted('syslog is not spoken here yet'),
  },
  syslog: {
    kind: toggle,
    flags: '--log-syslog',
    default: false,
    help: 'Log to syslog.',
    verdict: refused(NO_SYSLOG),
  },
  syslog_prefix: {
    kind: text,
    flags: '--log-syslog-prefix',
    metavar: 'SYSLOG_PREFIX',
    help: 'What the program is called in syslog.',
    verdict: accepted('syslog is not spoken here yet'),
  },
  syslog_facility: {
    kind: text,
    flags: '--log-syslog-facility',
    metavar: 'SYSLOG_FACILITY',
    default: 'user',
    help: 'The facility of syslog.',
    verdict: accepted('syslog is not spoken here yet'),
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
    verdict: mapped('`--statsd`', (value) =>
      value === null ? [] : [gift('statsd', `${value}`.includes(':') ? `${value}` : `${value}:8125`)],
    ),
  },
  dogstatsd_tags: {
    kind: text,
    flags: '--dogstatsd-tags',
    metavar: 'DOGSTATSD_TAGS',
    default: '',
    help: 'Tags for each metric, with commas between.',
    verdict: refused('let the StatsD server add them'),
  },
  statsd_prefix: {
    kind: text,
    flags: '--statsd-prefix',
    metavar: 'STATSD_PREFIX',
    default: '',
    help: 'What the names of the metrics begin with.',
    verdict: mapped('`--statsd-prefix`', (value) => (value === '' ? [] : gifts('statsdPrefix', value))),
  },
  enable_backlog_metric: {
    kind: toggle,
    flags: '--enable-backlog-metric',
    default: false,
    help: 'Push how many connections wait in the backlog.',
    verdict: accepted('how many requests wait is among the metrics anyway'),
  },
})
