import type { Scope } from './ends.ts'
import { type LiveServer, PYTHON, type StartOptions, start } from './server.ts'

/** `dram waitress-serve` on a free port; resolves when it serves. */
export async function waitressServe(
  scope: Scope,
  args: readonly string[],
  options: StartOptions & { readonly listens?: boolean } = {},
): Promise<LiveServer> {
  const listen = options.listens === false ? [] : ['--listen=127.0.0.1:0']
  const server = await start(scope, '', ['waitress-serve', ...listen, ...args], {
    ...options,
    bind: false,
    python: false,
    env: { DRAM_PYTHON: PYTHON, ...options.env },
  })
  const match = /http:\/\/127\.0\.0\.1:(\d+)/.exec(server.stderr)
  server.port = Number(match?.[1] ?? 0)
  return server
}
