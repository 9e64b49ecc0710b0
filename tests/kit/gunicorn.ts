import type { Scope } from './ends.ts'
import { type LiveServer, PYTHON, type StartOptions, start } from './server.ts'

/** `dram gunicorn` on a free port of 127.0.0.1; resolves when it serves. */
export async function gunicorn(scope: Scope, args: readonly string[], options: StartOptions = {}): Promise<LiveServer> {
  const server = await start(scope, '', ['gunicorn', '--bind', '127.0.0.1:0', ...args], {
    ...options,
    bind: false,
    python: false,
    env: { DRAM_PYTHON: PYTHON, ...options.env },
  })
  const match = /http:\/\/127\.0\.0\.1:(\d+)/.exec(server.stderr)
  server.port = Number(match?.[1] ?? 0)
  return server
}
