import { hostAndPort } from '../../listen/address.ts'
import type { DeskAnswer } from '../../server/bystander.ts'
import { event, eventStream, json } from '../answers.ts'
import type { OwnPage, PageRequest } from '../pages.ts'
import { composed, Unfit } from './compose.ts'
import { curlOf } from './curl.ts'
import { INSPECTOR } from './page.ts'
import type { Door, Recorder, Told } from './recorder.ts'
import type { RequestRecord } from './request.ts'
import { MOST_SENT_BYTES, Sender } from './sender.ts'

const API = `${INSPECTOR}api/`
const MOST_VIEWERS = 32
/** Who is so far behind has the stream ended: it comes again, and asks for all that there is. */
const MOST_WAITING_BYTES = 1024 * 1024

/** What the Inspector's page asks for (README.md). */
export class InspectorApi {
  readonly #recorder: Recorder
  readonly #sender: Sender
  /** Who looks on, and what ends their being told. */
  readonly #viewers = new Map<DeskAnswer, () => void>()
  #isOver = false

  constructor(recorder: Recorder) {
    this.#recorder = recorder
    this.#sender = new Sender(recorder)
  }

  get pages(): OwnPage[] {
    return [
      { method: 'GET', path: `${API}journeys`, need: 'token', answer: (_, answer) => answer.whole(this.#list()) },
      { method: 'GET', path: `${API}journeys/`, need: 'token', answer: (asked, answer) => this.#one(asked, answer) },
      {
        method: 'GET',
        path: `${API}events`,
        need: 'token',
        isStream: true,
        answer: (_, answer) => this.#stream(answer),
      },
      { method: 'POST', path: `${API}journeys/`, need: 'act', answer: (asked, answer) => this.#replay(asked, answer) },
      { method: 'POST', path: `${API}send`, need: 'act', answer: (asked, answer) => this.#send(asked, answer) },
      { method: 'POST', path: `${API}pause`, need: 'act', answer: (asked, answer) => this.#pause(asked, answer) },
      { method: 'POST', path: `${API}clear`, need: 'act', answer: (_, answer) => this.#clear(answer) },
    ]
  }

  /** The server begins to stop: nobody is kept waiting. */
  close(): void {
    this.#isOver = true
    this.#sender.close()
    for (const [viewer, unlisten] of this.#viewers) {
      unlisten()
      viewer.ended()
    }
    this.#viewers.clear()
  }

  #list(): ReturnType<typeof json> {
    return json(200, { journeys: this.#recorder.list(), isPaused: this.#recorder.isPaused })
  }

  #one({ url }: PageRequest, answer: DeskAnswer): void {
    const [, digits = '', what] = /\/journeys\/(\d{1,15})(\/curl)?$/.exec(url.pathname) ?? []
    const number = Number(digits)
    const record = digits === '' ? null : this.#recorder.record(number)
    if (record === null) return answer.whole(says(404, 'this request is not kept (any more)'))
    if (what === undefined) return answer.whole(json(200, this.#recorder.journey(number)))
    if (record.head === null) return answer.whole(says(409, 'its head could not be read: send its bytes again'))
    answer.whole(json(200, { command: commandOf(record) }))
  }

  #stream(answer: DeskAnswer): void {
    if (this.#isOver) return answer.whole(says(503, 'the server stops'))
    if (this.#viewers.size >= MOST_VIEWERS) return answer.whole(says(503, 'too many pages look on already'))
    answer.begun(eventStream())
    answer.piece(Buffer.from(': welcome\n\n'))
    const forget = (): void => {
      unlisten()
      this.#viewers.delete(answer)
    }
    const unlisten = this.#recorder.listen((told) => {
      if (answer.waitingBytes < MOST_WAITING_BYTES) return answer.piece(pieceOf(told))
      forget()
      answer.ended()
    })
    this.#viewers.set(answer, unlisten)
    answer.onLeft = forget
  }

  #replay({ url }: PageRequest, answer: DeskAnswer): void {
    const [, digits] = /\/journeys\/(\d{1,15})\/replay$/.exec(url.pathname) ?? []
    const record = digits === undefined ? null : this.#recorder.record(Number(digits))
    if (record === null) return answer.whole(says(404, 'this request is not kept (any more)'))
    if (!record.bytesIn.isWhole) return answer.whole(says(409, 'only the first 64 KiB of it were kept'))
    this.#dispatch(record.bytesIn.all(), record.conversation.connected, record.number, answer)
  }

  #send({ body }: PageRequest, answer: DeskAnswer): void {
    try {
      if (body === null) throw new Unfit('it is too large')
      const { bytes, replayOf } = composed(body.toString('utf8'))
      if (bytes.length > MOST_SENT_BYTES) throw new Unfit('it is larger than 1 MiB')
      const repeated = replayOf === null ? null : this.#recorder.record(replayOf)
      this.#dispatch(bytes, repeated?.conversation.connected ?? this.#recorder.door!, replayOf, answer)
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      answer.whole(says(400, error.says))
    }
  }

  #dispatch(bytes: Buffer, door: Door, of: number | null, answer: DeskAnswer): void {
    if (bytes.length === 0) return answer.whole(says(409, 'no byte of it was read'))
    if (this.#sender.isBusy) return answer.whole(says(503, 'others that were sent from here are not answered yet'))
    void this.#sender.send(bytes, door, of).then((number) => {
      answer.whole(
        number === null ? says(502, 'the connection ended before anything was read of it') : json(200, { number }),
      )
    })
  }

  #pause({ body }: PageRequest, answer: DeskAnswer): void {
    const isPaused = /"isPaused"\s*:\s*true/.test(body?.toString('utf8') ?? '')
    this.#recorder.pause(isPaused)
    answer.whole(json(200, { isPaused }))
  }

  #clear(answer: DeskAnswer): void {
    this.#recorder.clear()
    answer.whole(json(200, {}))
  }
}

function says(status: number, text: string): ReturnType<typeof json> {
  return json(status, { says: text })
}

function pieceOf(told: Told): Buffer {
  return event(
    told.kind,
    told.kind === 'journey' ? told.summary : told.kind === 'paused' ? { isPaused: told.isPaused } : {},
  )
}

function commandOf({ head, bytesIn, conversation }: RequestRecord): string {
  const { where, isSecure, limits } = conversation.connected
  const authority = where.kind === 'unix' ? 'localhost' : authorityOf(where.address, where.port)
  return curlOf({ head: head!, bytes: bytesIn.all(), isWhole: bytesIn.isWhole, limits, isSecure, authority })
}

/** A wildcard address is reached as this machine. */
function authorityOf(address: string, port: number): string {
  return hostAndPort(address === '0.0.0.0' || address === '::' ? 'localhost' : address, port)
}
