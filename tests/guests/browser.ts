/** What a browser does and a test of forms needs: cookies, redirects followed by hand. The HTTP is Node's own fetch. */
export class Browser {
  readonly #base: string
  readonly #cookies = new Map<string, string>()

  constructor(base: string) {
    this.#base = base
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { headers })
  }

  head(path: string): Promise<Page> {
    return this.#send(path, { method: 'HEAD' })
  }

  /** A form as `application/x-www-form-urlencoded`, and where it leads. */
  submit(path: string, fields: Record<string, string>): Promise<Page> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(fields), headers: { Referer: this.#base } })
  }

  /** A form as `multipart/form-data`, and where it leads. */
  upload(path: string, fields: Record<string, string | File>): Promise<Page> {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    return this.#send(path, { method: 'POST', body: form })
  }

  post(path: string, body: string, type: string): Promise<Page> {
    return this.#send(path, { method: 'POST', body, headers: { 'Content-Type': type } })
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  async #send(path: string, init: RequestInit, hops = 0): Promise<Page> {
    const url = new URL(path, this.#base)
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ')
    const headers = { ...(init.headers as Record<string, string> | undefined), ...(cookie ? { Cookie: cookie } : {}) }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    const location = response.headers.get('location')
    if (location === null || response.status < 300 || response.status > 399)
      return {
        status: response.status,
        headers: response.headers,
        bytes: Buffer.from(await response.arrayBuffer()),
        path,
      }
    await response.arrayBuffer()
    if (hops > 5) throw new Error(`redirected too often, last to ${location}`)
    const next = new URL(location, url)
    return this.#send(next.pathname + next.search, { method: 'GET' }, hops + 1)
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute))) this.#cookies.delete(name)
    else this.#cookies.set(name, pair.slice(at + 1).trim())
  }
}

export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  /** Where the redirects led. */
  readonly path: string
}
