import { createServer } from 'node:net'

const TRIED = 100

/** The first port from `first` on that is free on 127.0.0.1; `first` where none of a hundred is. */
export async function freePort(first: number): Promise<number> {
  for (let port = first; port < first + TRIED; port++) if (await isFree(port)) return port
  return first
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
