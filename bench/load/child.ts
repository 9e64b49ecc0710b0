import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const RESULT_LIMIT_MS = 60_000

/** A load generator of ours in a process of its own. */
export interface LoadChild<Result> {
  /** It said READY. Null when it ended without. */
  readonly ready: Promise<boolean>
  readonly result: Promise<Result>
  /** Ends its input: it says what it found, and goes. */
  finish(): void
  kill(): void
}

/**
 * @param file beside this one, without its ending
 * @param cores as taskset takes them
 */
export function loadChild<Result>(file: string, ask: unknown, cores: string, seconds = 0): LoadChild<Result> {
  const path = `${import.meta.dirname}/${file}.js`
  // Before the servers, where that is allowed: how late a request is sent must not depend on who is measured.
  const command = ['-c', cores, 'nice', '-n', '-10', process.execPath, path, JSON.stringify(ask)]
  const child = spawn('taskset', command, { stdio: ['pipe', 'pipe', 'ignore'] })
  const guard = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + RESULT_LIMIT_MS)
  children.add(child)
  let isReady: (ready: boolean) => void = () => {}
  const ready = new Promise<boolean>((done) => {
    isReady = done
  })
  const result = new Promise<Result>((done, fail) => {
    let found: Result | null = null
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'READY') isReady(true)
      if (line.startsWith('RESULT ')) found = JSON.parse(line.slice('RESULT '.length))
    })
    child.once('error', fail)
    child.once('close', (code, signal) => {
      clearTimeout(guard)
      children.delete(child)
      isReady(false)
      if (found) done(found)
      else fail(new Error(`the load generator ended with ${signal ?? code}`))
    })
  })
  // Whoever asks for it gets the error; a round that failed before doesn't ask.
  result.catch(() => {})
  return { ready, result, finish: () => child.stdin.end(), kill: () => void child.kill('SIGKILL') }
}

const children = new Set<{ kill(signal: NodeJS.Signals): boolean }>()

/** For a bench that is interrupted. */
export function killLoads(): void {
  for (const child of children) child.kill('SIGKILL')
}
