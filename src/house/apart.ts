import type { Settings } from '../settings/registry.ts'

/** One worker that nobody can reach, and nothing left behind that a running server would miss. */
export const APART: Partial<Settings> = {
  workers: { least: 1, most: 1 },
  fronts: 1,
  preload: 'never',
  user: null,
  group: null,
  pidfile: null,
  control: false,
  runtimeDir: null,
  logFile: '-',
  logLevel: 'critical',
  accessLog: null,
  syslog: null,
  statsd: null,
  adminBind: [],
  bind: [],
  metricsMergePython: false,
}
