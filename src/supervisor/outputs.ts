import type { SupervisorEvents } from './events.ts'
import type { Forked } from './forker.ts'
import { WorkerOutput } from './output.ts'

/** What workers, and the templates that some become, write to stdout and stderr. */
export class Outputs {
  readonly #events: SupervisorEvents
  readonly #open = new Map<number, readonly WorkerOutput[]>()

  constructor(events: SupervisorEvents) {
    this.#events = events
  }

  /** Throws where no descriptor is left. */
  open({ worker, pid, out, err }: Forked): void {
    this.#open.set(worker, [this.#read(pid, 'stdout', out), this.#read(pid, 'stderr', err)])
  }

  /** Its process has ended: what it had written is still read. */
  finish(worker: number): void {
    for (const output of this.#open.get(worker) ?? []) output.finish()
    this.#open.delete(worker)
  }

  #read(pid: number, stream: 'stdout' | 'stderr', path: string): WorkerOutput {
    const output: WorkerOutput = new WorkerOutput(
      path,
      (bytes) => this.#events.output(pid, stream, bytes, () => output.resume()),
      () => this.#events.outputEnded(pid, stream),
    )
    return output
  }
}
