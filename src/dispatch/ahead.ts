/** What waits inside a worker should wait no longer than this, in microseconds: a prediction, which RECALL corrects. */
const TARGET_WAIT_MICROS = 3_000
/** Above this pace nothing is sent ahead: the hop (about 100 µs) is then not worth hiding. */
const SLOW_MICROS = 1_000
const WEIGHT = 1 / 16
const MOST_AHEAD = 64

/**
 * How many requests may be sent to a worker beyond its threads, predicted from its pace of late, the service time
 * divided by its threads: mean plus two deviations, as TCP estimates its round trips (RFC 6298 §2). Nothing before
 * the first answer.
 */
export class LookAhead {
  #mean = SLOW_MICROS
  #deviation = 0
  #allowed = 0
  #most: number

  /** @param most the setting: requests per worker, −1 for automatic. */
  constructor(most: number) {
    this.#most = bound(most)
  }

  /** Another setting; what was learned of the requests stays. */
  adopt(most: number): void {
    this.#most = bound(most)
    this.#allowed = Math.min(this.#allowed, this.#most)
  }

  get allowed(): number {
    return this.#allowed
  }

  /** From one answer of a worker to its next, in microseconds: the mean of late; of slow requests only that they are slow. */
  get meanMicros(): number {
    return this.#mean
  }

  /** The same, to be expected with good certainty. */
  get expectedMicros(): number {
    return this.#mean + 2 * this.#deviation
  }

  /** Hot: told of every answer. One slow request ends sending ahead only if the prediction says so; RECALL mends the rest. */
  observe(serviceMicros: number, threads = 1): void {
    if (serviceMicros < 0) return
    // One request of a minute must not forbid sending ahead for the next hundred fast ones.
    const seen = Math.min(serviceMicros / threads, 4 * SLOW_MICROS)
    const error = seen - this.#mean
    this.#mean += error * WEIGHT
    this.#deviation += ((error < 0 ? -error : error) - this.#deviation) * WEIGHT
    const expected = this.#mean + 2 * this.#deviation
    this.#allowed = expected > SLOW_MICROS ? 0 : Math.min(this.#most, Math.ceil(TARGET_WAIT_MICROS / expected))
  }
}

function bound(most: number): number {
  return most < 0 ? MOST_AHEAD : most
}
