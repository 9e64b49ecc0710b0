/** What the server counts of each answered request. Hot where metrics are on; null there where they are off. */
export interface RequestMeter {
  /**
   * @param status 0: the connection ended before there was one
   * @param tookMs from its head to the last byte of its answer
   * @param queuedMs in the queue; −1: it never came there
   * @param applicationMicros from its entry to its end as its worker measured it; −1: it never ran, or nobody knows
   * @param bodyWaitMs from its head to the end of its body; 0: it has none
   */
  request(
    method: string,
    status: number,
    tookMs: number,
    queuedMs: number,
    applicationMicros: number,
    bodyWaitMs: number,
    bytesIn: number,
    bytesOut: number,
  ): void
}
