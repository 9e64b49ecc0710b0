import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server as NetServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { atEnd, type Scope } from './ends.ts'
import { APPS, PYTHON } from './server.ts'
import { eventually } from './wait.ts'

/** What a server says to its service manager. */
export class Ear {
  readonly heard: string[] = []
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
    createInterface({ input: child.stdout! }).on('line', (line) => this.heard.push(JSON.parse(line)))
  }

  static async open(scope: Scope, name: string): Promise<Ear> {
    const child = spawn(PYTHON, [join(APPS, 'notify_socket.py'), name], { stdio: ['ignore', 'pipe', 'inherit'] })
    atEnd(scope, () => child.kill('SIGKILL'))
    const ear = new Ear(child)
    await ear.until('listening')
    return ear
  }

  /** The first text that has this line in it. */
  until(line: string, from = 0): Promise<string> {
    const has = (text: string) => text.split('\n').includes(line)
    return eventually(() => this.heard.slice(from).find(has), `${line}; heard: ${JSON.stringify(this.heard)}`)
  }

  get pid(): number {
    return this.#child.pid!
  }
}

/** Sockets that a service manager has opened, and is to close once they were passed on. */
export async function holders(
  scope: Scope,
  count: number,
): Promise<{ servers: NetServer[]; fds: number[]; ports: number[] }> {
  const servers: NetServer[] = []
  for (let at = 0; at < count; at++) {
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    atEnd(scope, () => holder.close())
    servers.push(holder)
  }
  return {
    servers,
    fds: servers.map((holder) => (holder as unknown as { _handle: { fd: number } })._handle.fd),
    ports: servers.map((holder) => (holder.address() as { port: number }).port),
  }
}
