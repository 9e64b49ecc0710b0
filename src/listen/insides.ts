/** What this process has of Node's insides for connections without `net.Socket` (decisions/0015). */
export interface Insides {
  readonly WriteWrap: new () => WriteRequest
  readonly ShutdownWrap: new () => Request
  /** Where the last call of a handle left its numbers. */
  readonly state: Int32Array
  /** Where in `state` stands how many bytes were read, or (negative) what went wrong. */
  readonly readAt: number
  readonly bytesWrittenAt: number
  readonly wasAsyncAt: number
  /**
   * −1: a write is given its request, and returns what went wrong, or 0. Else (Node 26) it makes one itself where it
   * needs one, and returns that; what went wrong then stands here.
   */
  readonly lastErrorAt: number
}

export interface Request {
  owner?: unknown
  oncomplete: (status: number) => void
}

/** A write that the kernel did not take at once. */
export interface WriteRequest extends Request {
  byteCount?: number
  /** Keeps it from being collected. */
  kept?: unknown
}

type Write<T> = (request: WriteRequest | null, data: T) => number | WriteRequest

/** The handle of an accepted connection: TCP or Unix. */
export interface Handle {
  owner: unknown
  /** May return the buffer to read into from then on. */
  onread: () => Buffer | undefined
  /** −1: it is closed. */
  readonly fd?: number
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly writeQueueSize: number
  useUserBuffer(buffer: Buffer): void
  readStart(): number
  readStop(): number
  writeLatin1String: Write<string>
  writeBuffer: Write<Buffer>
  writev(request: WriteRequest | null, chunks: readonly (string | Buffer)[], allBuffers: boolean): number | WriteRequest
  shutdown(request: Request): number
  close(closed: () => void): void
  // TCP alone:
  reset?(closed: () => void): number
  setNoDelay?(on: boolean): number
  setKeepAlive?(on: boolean, delaySeconds: number): number
  getpeername?(into: AddressOut): number
  getsockname?(into: AddressOut): number
}

export interface AddressOut {
  address?: string
  port?: number
}

/** The handle of a listening socket. */
export interface ListeningHandle {
  readonly fd?: number
  onconnection: (this: ListeningHandle, error: number, handle?: Handle) => void
  setNoDelay?(on: boolean): number
  setKeepAlive?(on: boolean, delaySeconds: number): number
}

/** Another major has to be tried first: a wrong call would not throw, but end the process. */
const OLDEST_MAJOR = 20
const NEWEST_MAJOR = 26

const HANDLE_PARTS = [
  ...['onread', 'useUserBuffer', 'readStart', 'readStop', 'bytesRead', 'bytesWritten', 'writeQueueSize'],
  ...['writeLatin1String', 'writeBuffer', 'writev', 'shutdown', 'close'],
]

/** Null where they are missing or look different; then `net.Socket` serves. `_DRAM_NET_SOCKET=1` has it so, for tests. */
export const INSIDES: Insides | null = process.env._DRAM_NET_SOCKET === '1' ? null : find()

function find(): Insides | null {
  const major = Number(process.versions.node.split('.')[0])
  if (major < OLDEST_MAJOR || major > NEWEST_MAJOR) return null
  try {
    const { binding } = process as unknown as { binding(name: string): Record<string, unknown> }
    const stream = binding.call(process, 'stream_wrap')
    const { WriteWrap, ShutdownWrap, streamBaseState: state } = stream
    const [readAt, bytesWrittenAt, wasAsyncAt] = [
      stream.kReadBytesOrError,
      stream.kBytesWritten,
      stream.kLastWriteWasAsync,
    ]
    const isThere =
      typeof WriteWrap === 'function' &&
      typeof ShutdownWrap === 'function' &&
      state instanceof Int32Array &&
      [readAt, bytesWrittenAt, wasAsyncAt].every((at) => typeof at === 'number' && at < state.length) &&
      [binding.call(process, 'tcp_wrap').TCP, binding.call(process, 'pipe_wrap').Pipe].every(hasMethods)
    if (!isThere) return null
    const lastErrorAt = stream.kLastWriteErr ?? -1
    return { WriteWrap, ShutdownWrap, state, readAt, bytesWrittenAt, wasAsyncAt, lastErrorAt } as Insides
  } catch {
    return null // the permission model, say
  }
}

function hasMethods(type: unknown): boolean {
  const { prototype } = type as { prototype: object }
  return HANDLE_PARTS.every((name) => name in prototype)
}
