/** What a worker says of one answer, whatever language it is written in. */
export interface AnswerHead {
  /** 200 … 599 */
  readonly status: number
  /** `200 OK\r\n` and the application's header lines, each ended by CRLF. */
  readonly head: string
  /** The application's header lines hold a Content-Length. */
  readonly hasLength: boolean
  readonly hasDate: boolean
  readonly hasServer: boolean
  /** The application asked for the connection to be closed. */
  readonly wantsClose: boolean
}
