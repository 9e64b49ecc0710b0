import { chmodSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import type { Scope } from './ends.ts'
import { DRAM, folder, type LiveServer, PYTHON, run, type Server, type StartOptions, start } from './server.ts'

/** What a user has set before typing: dram on PATH, and the virtual environment of this run active. */
export function terminal(scope: Scope): Record<string, string> {
  const bin = folder(scope)
  const program = join(bin, 'dram')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${DRAM}' "$@"\n`)
  chmodSync(program, 0o755)
  const path = `${bin}${delimiter}${process.env.PATH}`
  if (!PYTHON.startsWith('/')) return { PATH: path }
  return { PATH: `${dirname(PYTHON)}${delimiter}${path}`, VIRTUAL_ENV: dirname(dirname(PYTHON)) }
}

/** A line as it is typed, quotes and variables and all, in a shell that becomes the server. Resolves when it serves. */
export async function typed(scope: Scope, line: string, options: StartOptions = {}): Promise<LiveServer> {
  return served(scope, ['bash', '-c', `exec ${line}`], options)
}

/** The same without a shell: words as they are, the first of them looked for on PATH. */
export async function served(scope: Scope, words: readonly string[], options: StartOptions = {}): Promise<LiveServer> {
  const server = await start(scope, '', [], { ...asTyped(scope, words, options), bind: false })
  const address = server.startLines.map((said) => /https?:\/\/(?:127\.0\.0\.1|localhost):(\d+)/.exec(said)?.[1])
  server.port = Number(address.find((port) => port !== undefined) ?? 0)
  return server
}

/** A line that is expected to end: a command, or a mistake. */
export function tried(scope: Scope, line: string, options: StartOptions = {}): Server {
  return run(scope, [], asTyped(scope, ['bash', '-c', `exec ${line}`], options))
}

function asTyped(scope: Scope, words: readonly string[], options: StartOptions): StartOptions {
  return { ...options, command: words, python: false, env: { ...terminal(scope), ...options.env } }
}
