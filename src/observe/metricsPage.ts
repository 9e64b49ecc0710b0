import { METRICS, type MetricRow } from './metrics.ts'

const INTRODUCTION = `# Metrics

This page is printed from the table (\`src/observe/metrics.ts\`) by \`npm run docs\`. A name or a label is never renamed and never reused.

\`--admin-bind 127.0.0.1:9100\` serves them at \`/metrics\` in the text format of Prometheus: one page for all processes of the server, read from the front, so no multi-process folder is needed. [dashboard.json](dashboard.json) is a dashboard for Grafana (Dashboards → Import; it asks for the data source), [alerts.yml](alerts.yml) are alerts for Prometheus (\`rule_files\`).

Times are seconds, sizes bytes. Histograms of requests have buckets from 1 ms to 60 s. Series of codes that never occurred are absent, but for those of timeouts and of clients turned away.
`

const MORE = `## What the application counts

With \`--metrics-merge-python\` the page also has what the application counts with \`prometheus_client\` in its default registry. Each worker is asked when the page is read; nothing is to be set up in the application.

- Counters, histograms and summaries are summed over the workers. What workers counted that have ended stays in the sums, so they never go down: a worker that is to leave gives account first; of one that was killed it is what was read last. Quantiles of summaries can't be summed and are left out.
- Gauges, \`Info\` and \`Enum\` included, get the label \`worker\` with the worker's number; a label of that name becomes \`exported_worker\`. So do \`process_*\` gauges, which tell of one process each. Gauges of workers that ended are gone.
- \`…_created\` is the earliest of all workers.
- Names that begin with \`dram_\` are ours: others of that name are left out, and the log says so once.
- A worker that is busy in C for more than half a second is told of with what it said last.

## StatsD

\`--statsd HOST:PORT\` pushes the metrics of the table (not those of the application) every \`--statsd-interval\`, in packets of at most 1432 bytes. The names are \`PREFIX.NAME.LABELS\`, without \`dram_\`, and for histograms without \`_seconds\`:

| kind | what is pushed |
|-|-|
| counter | what was added since the last push: \`dram.requests_total.GET.2xx:12\\|c\`; nothing where nothing was |
| gauge | as it is: \`dram.workers.serving:4\\|g\` |
| histogram | of what came since the last push, the mean in milliseconds, \`dram.request:3.2\\|ms\`, the number, \`dram.request.count:12\\|c\`, and quantiles estimated from the buckets, in milliseconds: \`dram.request.p50:2\\|g\`, \`.p95\`, \`.p99\` |

\`dram_info\` is not pushed. A packet that can't be sent is lost; the log says so at the first of a row.
`

/** docs/metrics.md */
export function metricsPage(): string {
  const rows = Object.entries<MetricRow>(METRICS).map(
    ([name, { type, labels, help }]) => `| ${name} | ${type} | ${labels.join(', ')} | ${help} |`,
  )
  return [INTRODUCTION, `| Metric | Type | Labels | What it tells |\n|-|-|-|-|\n${rows.join('\n')}\n`, MORE].join('\n')
}
