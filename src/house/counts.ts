import { ENDS, type End } from '../events/ends.ts'
import { CodeCounts } from '../observe/metrics.ts'
import type { Counted } from '../server/lines.ts'
import type { SupervisorEvent } from '../supervisor/events.ts'

export type ReloadResult = 'ok' | 'failed' | 'cancelled'

/** What the journal heard of since the start, for the metrics. */
export class Counts {
  readonly ends = new Map<End, number>(Object.keys(ENDS).map((end) => [end as End, 0]))
  readonly reloads = new Map<ReloadResult, number>([
    ['ok', 0],
    ['failed', 0],
    ['cancelled', 0],
  ])
  readonly refused = new CodeCounts()
  readonly failures = new CodeCounts()
  readonly timeouts = new CodeCounts(['REQUEST_TIMEOUT', 'STREAM_TIMEOUT'])
  readonly turnedAway = new CodeCounts(['TOO_MANY_CONNECTIONS', 'TOO_MANY_OF_CLIENT'])
  clientAborts = 0
  workersReady = 0
  linesLost = 0

  take(event: SupervisorEvent): void {
    if (event.kind === 'workerReady') this.workersReady++
    else if (event.kind === 'workerEnded') this.ends.set(event.end, this.ends.get(event.end)! + 1)
    else if (event.kind === 'reloaded') this.#reload('ok')
    else if (event.kind === 'reloadFailed')
      this.#reload(event.fault.code === 'RELOAD_CANCELLED' ? 'cancelled' : 'failed')
    else if (event.kind === 'overdue')
      for (const { state } of event.requests)
        this.timeouts.add(state === 'answering' ? 'STREAM_TIMEOUT' : 'REQUEST_TIMEOUT')
  }

  note(counted: Counted): void {
    if (counted.as === 'failure') this.failures.add(counted.code)
    else if (counted.as === 'refusal') this.refused.add(counted.code)
    else if (counted.as === 'turnedAway') this.turnedAway.add(counted.code, counted.count)
    else if (counted.as === 'clientAbort') this.clientAborts++
  }

  #reload(result: ReloadResult): void {
    this.reloads.set(result, this.reloads.get(result)! + 1)
  }
}
