import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What wrk says of a load; durations in microseconds. */
export interface WrkFigures {
  readonly requests: number
  readonly microseconds: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Answers of 400 and above, answers that took over two seconds, and connections that failed. */
  readonly status: number
  readonly timeout: number
  readonly socket: number
}

export interface WrkAsk {
  readonly url: string
  /** As taskset takes them. */
  readonly cores: string
  readonly connections: number
  /** Whole ones: wrk knows no others. */
  readonly seconds: number
  /** bench/load/wrk.lua */
  readonly script: string
  readonly cookie?: string | undefined
  readonly bodyBytes?: number | undefined
  readonly closes?: boolean | undefined
  readonly pipeline?: number | undefined
}

/** Beyond its time: to end what it has begun. */
const GRACE_MS = 20_000

export async function wrk(ask: WrkAsk): Promise<WrkFigures> {
  const { url, cores, connections, seconds, script, cookie, bodyBytes, closes, pipeline } = ask
  const more = [
    ...(cookie ? [`cookie=${cookie}`] : []),
    ...(closes ? ['close=1'] : []),
    ...(bodyBytes ? [`body=${bodyBytes}`] : []),
    ...(pipeline ? [`pipeline=${pipeline}`] : []),
  ]
  const argv = ['-c', cores, 'wrk', '--threads', '1', '--connections', `${connections}`, '--duration', `${seconds}s`]
  const { stdout } = await promisify(execFile)('taskset', [...argv, '--script', script, url, '--', ...more], {
    timeout: seconds * 1000 + GRACE_MS,
    killSignal: 'SIGKILL',
  })
  const figures = /^RESULT (.*)$/m.exec(stdout)?.[1]
  if (!figures) throw new Error('wrk gave no result')
  return JSON.parse(figures)
}

export function perSecond({ requests, microseconds }: WrkFigures): number {
  return requests / (microseconds / 1e6)
}
