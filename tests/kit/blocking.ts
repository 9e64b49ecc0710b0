import { execFile } from 'node:child_process'
import { GUARD_MS } from './wait.ts'

const SCRIPT = `
import socket, sys
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.sendall(sys.argv[2].encode("latin-1"))
end = "end"
try:
    while client.recv(65536):
        pass
except ConnectionResetError:
    end = "reset"
print(end)
`

/**
 * Sends a request and says how the connection ended, `end` or `reset`: with blocking calls, from Python: libuv takes a reset that comes together with
 * bytes for an end of file, so a client in Node can't always tell them apart.
 */
export function readToTheEnd(python: string, port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(python, ['-c', SCRIPT, String(port), bytes], { timeout: GUARD_MS }, (error, out) => {
      if (error) reject(error)
      else resolve(out.trim())
    })
  })
}
