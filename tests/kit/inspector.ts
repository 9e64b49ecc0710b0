import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Journey, JourneySummary } from '../../src/dev/inspector/journey.ts'
import { inspectorPages } from '../../src/dev/inspector/page.ts'
import type { OwnPage } from '../../src/dev/pages.ts'
import { atEnd } from './ends.ts'

const API = '/-/inspector/api/'

/** The Inspector's page with journeys that stand fast, by what src/dev/inspector/README.md says. */
export class StandIn {
  readonly journeys: Journey[]
  /** What was posted: path and body. */
  readonly posted: { readonly path: string; readonly body: unknown }[] = []
  readonly #listeners = new Set<ServerResponse>()
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => this.#answer(request.url!, Buffer.concat(chunks).toString(), response))
  })
  url = ''

  constructor(journeys: readonly Journey[]) {
    this.journeys = [...journeys]
  }

  async open(t: TestContext): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/-/inspector/`
    atEnd(t, () => {
      this.#server.closeAllConnections()
      this.#server.close()
    })
    return this
  }

  /** How many pages are told of what comes. */
  get listening(): number {
    return this.#listeners.size
  }

  /** A request comes, or something has changed of it. */
  tell(journey: Journey): void {
    const at = this.journeys.findIndex(({ number }) => number === journey.number)
    if (at < 0) this.journeys.push(journey)
    else this.journeys[at] = journey
    this.#event('journey', summaryOf(journey))
  }

  #event(name: string, data: unknown): void {
    for (const listener of this.#listeners) listener.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  #answer(path: string, body: string, response: ServerResponse): void {
    if (path.startsWith(API)) this.#api(path.slice(API.length), body, response)
    else this.#page(path, response)
  }

  #api(path: string, text: string, response: ServerResponse): void {
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
    }
    const [, number, deed] = /^journeys\/(\d+)(?:\/(\w+))?$/.exec(path) ?? []
    const journey = this.journeys.find((one) => one.number === Number(number))
    if (text !== '') this.posted.push({ path, body: JSON.parse(text) })
    if (path === 'events') return this.#listen(response)
    if (path === 'journeys') return json({ journeys: this.journeys.map(summaryOf), isPaused: false })
    if (path === 'pause') return this.#pause(JSON.parse(text), json)
    if (path === 'clear') return this.#clear(json)
    if (path === 'send' || deed === 'replay') return json({ number: this.journeys.at(-1)!.number })
    if (journey === undefined) return json({ says: 'it is not kept any more' }, 404)
    return json(deed === 'curl' ? { command: `curl '${journey.target}'` } : journey)
  }

  #listen(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(':\n\n')
    this.#listeners.add(response)
    response.on('close', () => this.#listeners.delete(response))
  }

  #pause(body: { readonly isPaused: boolean }, json: (value: unknown) => void): void {
    this.#event('paused', body)
    json(body)
  }

  #clear(json: (value: unknown) => void): void {
    this.journeys.length = 0
    this.#event('cleared', {})
    json({})
  }

  #page(path: string, response: ServerResponse): void {
    const page = inspectorPages().find((one) => one.path === path)
    if (page === undefined) return void response.writeHead(404).end()
    const url = new URL(path, this.url)
    page.answer({ url } as Parameters<OwnPage['answer']>[0], {
      whole({ head, body }) {
        const [, ...lines] = head.head.trimEnd().split('\r\n')
        response.writeHead(
          head.status,
          lines.flatMap((line) => line.split(': ') as [string, string]),
        )
        response.end(body)
      },
      begun() {},
      piece() {},
      ended() {},
      waitingBytes: 0,
      onLeft() {},
    })
  }
}

function summaryOf(journey: Journey): JourneySummary {
  const { number, requestId, cameAt, method, target, status, state, fault, tookMs, bytesIn, bytesOut, replayOf } =
    journey
  return { number, requestId, cameAt, method, target, status, state, fault, tookMs, bytesIn, bytesOut, replayOf }
}
