import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { answerApi, faultAnswer } from './api.ts'
import { readBody, sendAnswer, splitTarget } from './httpAnswer.ts'
import type { Operations } from './operations.ts'
import { type ServerFile, SOCKET_NAME, writeServerFile } from './serverFile.ts'

const MOST_BODY_BYTES = 64 * 1024
const MOST_HEAD_BYTES = 8 * 1024
const MOST_CONNECTIONS = 64
/** How long a request may take to come. Its answer may take as long as a reload. */
const REQUEST_MS = 10_000

/** The open control socket. */
export interface Control {
  /** Whoever looks for this server by name or folder finds its successor from now on; by its pid, still it. */
  succeededBy(pid: number): void
  close(): void
}

/**
 * Opens the control socket in the runtime folder and writes `server.json` beside it. It belongs to the user that this
 * process has now, so privileges are dropped first. Where it can't be made the server goes without: `note` is told.
 */
export async function openControl(
  runtimeFolder: string,
  file: ServerFile,
  operations: Operations,
  note: (text: string) => void,
): Promise<Control | null> {
  const path = join(runtimeFolder, SOCKET_NAME)
  const server = createServer({ maxHeaderSize: MOST_HEAD_BYTES, requestTimeout: REQUEST_MS }, (request, response) =>
    answer(operations, request, response),
  )
  server.maxConnections = MOST_CONNECTIONS
  try {
    rmSync(path, { force: true })
    await listenPrivately(server, path)
    writeServerFile(runtimeFolder, file)
    return new OpenControl(runtimeFolder, file, server)
  } catch (error) {
    server.close()
    note(`there is no control socket: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

class OpenControl implements Control {
  readonly #folder: string
  readonly #file: ServerFile
  readonly #server: Server

  constructor(folder: string, file: ServerFile, server: Server) {
    this.#folder = folder
    this.#file = file
    this.#server = server
  }

  succeededBy(pid: number): void {
    try {
      writeServerFile(this.#folder, { ...this.#file, successor: pid })
    } catch {
      // the folder was taken from under us: then nobody finds us there anyway
    }
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

/** With mode 0600 from its first moment: Node binds within the call. */
function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const before = process.umask(0o177)
    try {
      server.once('error', reject)
      server.listen(path, () => {
        server.removeListener('error', reject)
        server.on('error', () => {}) // of one accept: that client is lost, the next one may not be
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
}

async function answer(operations: Operations, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? ''
  try {
    const body = await readBody(request, MOST_BODY_BYTES)
    const { path, query } = splitTarget(request.url ?? '')
    sendAnswer(response, method, await answerApi(operations, { method, path, query, body }))
  } catch (error) {
    if (!response.destroyed) sendAnswer(response, method, faultAnswer(error))
  }
}
