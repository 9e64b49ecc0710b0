/** What waits inside a worker should wait no longer than this, in microseconds: a prediction, which RECALL corrects. */
const TARGET_WAIT_MICROS = 3_000
/** Above this pace nothing is sent ahead: the hop (100 µs, on busy cores 400) is then not worth hiding. */
const SLOW_MICROS = 3_000
/** Above this one only from a backlog: a thread that gets free has then more to take than what was sent elsewhere. */
const UNHURRIED_MICROS = 1_000
/** One request of a minute must not forbid sending ahead for the next hundred fast ones. */
const MOST_SEEN_MICROS = 4_000
const WEIGHT = 1 / 16
const MOST_AHEAD = 64

/**
 * How many requests may be sent to a worker beyond its threads, predicted from its pace of late, the service time
 * divided by its threads: mean plus two deviations, as TCP estimates its round trips (RFC 6298 §2). Nothing before
 * the first answer.
 */
export class LookAhead {
  // Before anything is known: some time, and much doubt.
  #mean = UNHURRIED_MICROS
  #deviation = SLOW_MICROS / 2
  #allowed = 0
  #allowedOfBacklog = 0
  #most: number

  /** @param most the setting: requests per worker, −1 for automatic. */
  constructor(most: number) {
    this.#most = bound(most)
  }

  /** Another setting; what was learned of the requests stays. */
  adopt(most: number): void {
    this.#most = bound(most)
    this.#allowed = Math.min(this.#allowed, this.#most)
    this.#allowedOfBacklog = Math.min(this.#allowedOfBacklog, this.#most)
  }

  /** However few wait. */
  get allowed(): number {
    return this.#allowed
  }

  /** Of a backlog: at least as many wait as there are workers. */
  get allowedOfBacklog(): number {
    return this.#allowedOfBacklog
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
    const seen = Math.min(serviceMicros / threads, MOST_SEEN_MICROS)
    const error = seen - this.#mean
    this.#mean += error * WEIGHT
    this.#deviation += ((error < 0 ? -error : error) - this.#deviation) * WEIGHT
    const expected = this.#mean + 2 * this.#deviation
    const ahead = expected > SLOW_MICROS ? 0 : Math.min(this.#most, Math.ceil(TARGET_WAIT_MICROS / expected))
    this.#allowedOfBacklog = ahead
    this.#allowed = expected > UNHURRIED_MICROS ? 0 : ahead
  }
}

function bound(most: number): number {
  return most < 0 ? MOST_AHEAD : most
}
