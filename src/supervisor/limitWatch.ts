import type { Crew } from './crew.ts'
import type { Distress } from './distress.ts'
import type { Fleet } from './fleet.ts'
import { isServing, isStaying, type Member } from './member.ts'
import { type MemoryReader, MemoryWatch } from './memoryWatch.ts'
import { mostAtOnce, reached } from './recycle.ts'
import type { SupervisorSettings } from './settings.ts'

const SECOND_MS = 1_000
const WEAR_READ_MS = 2_000
const SUM_READ_MS = 1_000

/** Looks at what the workers have used up: requests, time, memory. */
export class LimitWatch {
  readonly #crew: Crew
  readonly #distress: Distress
  readonly #reader: MemoryReader
  /** Of each worker, as --max-worker-memory counts it. */
  readonly #wear: MemoryWatch
  /** Of all Python processes, shared parts counted once. */
  readonly #sum: MemoryWatch
  #secondMs = -Infinity
  #isSecond = false

  constructor(crew: Crew, distress: Distress, reader: MemoryReader) {
    this.#crew = crew
    this.#distress = distress
    this.#reader = reader
    this.#wear = new MemoryWatch(reader, WEAR_READ_MS)
    this.#sum = new MemoryWatch(reader, SUM_READ_MS)
  }

  /** The last tick began a second. */
  get isSecond(): boolean {
    return this.#isSecond
  }

  tick(fleet: Fleet, settings: SupervisorSettings, wanted: number, nowMs: number): void {
    this.#isSecond = nowMs - this.#secondMs >= SECOND_MS
    if (this.#isSecond) this.#secondMs = nowMs
    if (this.#isSecond) this.#killTheGreedy()
    this.#readMemory(fleet, settings, nowMs)
    if (!fleet.isReloading) this.#recycle(fleet, wanted, nowMs)
  }

  /** How many more workers the sum of all memory leaves room for, if they grow as large as those there are. */
  room(limitBytes: number, members: readonly Member[]): number {
    if (limitBytes === 0) return Infinity
    const known = members.map(({ pid }) => this.#sum.bytesOf(pid)).filter((bytes) => bytes > 0)
    const left = limitBytes - this.#sum.totalBytes
    if (known.length === 0) return left > 0 ? 1 : 0
    const usual = known.reduce((sum, bytes) => sum + bytes, 0) / known.length
    return Math.max(0, Math.floor(left / usual) - (members.length - known.length))
  }

  /** --memory-limit */
  #killTheGreedy(): void {
    for (const member of this.#crew.all) {
      const limitBytes = member.generation.settings.memoryLimitBytes
      if (limitBytes === 0 || member.isCondemned || member.isOver || member.state === 'killed') continue
      const rssBytes = this.#reader.rssOf(member.pid) ?? 0
      if (rssBytes > limitBytes) void this.#distress.overMemory(member, rssBytes, limitBytes)
    }
  }

  #readMemory(fleet: Fleet, settings: SupervisorSettings, nowMs: number): void {
    const pids = this.#crew.all.map(({ pid }) => pid)
    if (settings.maxWorkerMemoryBytes > 0 && this.#wear.isDue(nowMs))
      void this.#wear.read(pids, settings.workerMemoryMeasure, nowMs)
    const isElastic = settings.workers.least < settings.workers.most
    if (!isElastic || settings.workersMemoryBytes === 0 || !this.#sum.isDue(nowMs)) return
    void this.#sum.read([...pids, ...fleet.generations.flatMap(({ forkerPids }) => forkerPids)], 'pss', nowMs)
  }

  /** Marks those that are to be replaced; `reconcile` does it. */
  #recycle(fleet: Fleet, wanted: number, nowMs: number): void {
    const serving = this.#crew.all.filter(isServing)
    const leaving = serving.filter(({ end }) => end === 'requests' || end === 'age' || end === 'memory').length
    let room = mostAtOnce(wanted) - leaving
    for (const member of serving) {
      if (room <= 0) return
      if (member.generation !== fleet.current || !isStaying(member)) continue
      const { attached, pid, limits } = member
      const servedMs = nowMs - (member.readyAtMs ?? nowMs)
      const memoryBytes = this.#wear.bytesOf(pid)
      member.end = reached(limits, { servedMs, answered: attached.answered, memoryBytes })
      if (member.end !== null) room--
    }
  }
}
