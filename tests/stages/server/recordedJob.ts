import type { RequestFacts } from '../../../src/events/worker.ts'
import type { Job, PlacedJob } from '../../../src/server/pool.ts'
import type { Question } from '../../../src/worker/link.ts'
import { question } from '../worker/fakeWorker.ts'
import { Recorder } from '../worker/recorder.ts'

export class RecordedJob extends Recorder implements Job {
  readonly requestId: string
  heard = false
  silentSinceMs = 0
  holdsBack = false
  serviceMicros = -1
  queuedAtMs = 0
  readonly question: Question
  requeues = 0
  streaming = false
  abandoned = false
  place: PlacedJob | null = null
  sents = 0

  constructor(name: string) {
    super(name)
    this.requestId = name
    this.question = question(`/${name}`)
  }

  sent(): void {
    this.sents++
  }

  override piece(bytes: Buffer): void {
    this.heard = true
    super.piece(bytes)
  }

  facts(state: RequestFacts['state'], ageMs: number, worker: number | null): RequestFacts {
    const { requestId } = this
    return { requestId, method: 'GET', target: `/${requestId}`, client: '', ageMs, state, worker, headers: [] }
  }
}
