// What parsing costs per request, in nanoseconds of processor time: node build/bench/parse.js [SECONDS PER ROW]
import { Buffer } from 'node:buffer'
import { HeaderCache } from '../src/parse/headerCache.ts'
import { Http1Parser, type ParseLimits } from '../src/parse/http1.ts'

const LIMITS: ParseLimits = {
  maxRequestLineBytes: 8 * 1024,
  maxHeaders: 100,
  maxHeaderLineBytes: 0,
  maxHeaderBytes: 64 * 1024,
  maxBodyBytes: 1024 ** 3,
  maxTrailerBytes: 8 * 1024,
  maxChunkLineBytes: 1024,
}

const SMALL = 'Host: 127.0.0.1:8000\r\nUser-Agent: wrk/4.2.0\r\n'
const BROWSER = [
  'Host: www.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Connection: keep-alive',
  'Cookie: sessionid=0123456789abcdef0123456789abcdef; csrftoken=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef',
  'Upgrade-Insecure-Requests: 1',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: none',
  'Priority: u=0, i',
  '',
].join('\r\n')

const get = (path: string, headers: string) => `GET ${path} HTTP/1.1\r\n${headers}\r\n`
const bytes = (text: string) => Buffer.from(text, 'latin1')
const latin1 = (count: number, make: (i: number) => string) => Array.from({ length: count }, (_, i) => bytes(make(i)))
const halves = (whole: Buffer) => [whole.subarray(0, whole.length >> 1), whole.subarray(whole.length >> 1)]

/** Each row: the feeds that one round makes, and the requests in them. */
const ROWS: Record<string, { feeds: Buffer[]; requests: number; fresh?: boolean }> = {
  'small GET': { feeds: [bytes(get('/', SMALL))], requests: 1 },
  'browser GET': { feeds: [bytes(get('/some/path?with=query&and=more', BROWSER))], requests: 1 },
  'browser GET, new connection': { feeds: [bytes(get('/', BROWSER))], requests: 1, fresh: true },
  'browser GET, two blocks by turns': {
    feeds: latin1(2, (i) => get('/', `${BROWSER}X-Turn: ${i}\r\n`)),
    requests: 2,
  },
  'browser GET, never the same block': {
    feeds: latin1(8192, (i) => get('/', `${BROWSER}X-Request-Id: ${i * 7919}\r\n`)),
    requests: 8192,
  },
  'browser GET in two pieces': { feeds: halves(bytes(get('/', BROWSER))), requests: 1 },
  '16 small GETs in one piece': { feeds: [bytes(get('/', SMALL).repeat(16))], requests: 16 },
  'small POST, 100 bytes': {
    feeds: [bytes(`POST / HTTP/1.1\r\n${SMALL}Content-Length: 100\r\n\r\n${'x'.repeat(100)}`)],
    requests: 1,
  },
  'small POST, 64 KiB': {
    feeds: [bytes(`POST / HTTP/1.1\r\n${SMALL}Content-Length: 65536\r\n\r\n${'x'.repeat(65536)}`)],
    requests: 1,
  },
  'chunked POST, 16 chunks of 100': {
    feeds: [
      bytes(
        `POST / HTTP/1.1\r\n${SMALL}Transfer-Encoding: chunked\r\n\r\n${`64\r\n${'x'.repeat(100)}\r\n`.repeat(16)}0\r\n\r\n`,
      ),
    ],
    requests: 1,
  },
}

const secondsPerRow = Number(process.argv[2] ?? 1)
for (const plain of [false, true]) {
  console.log(plain ? '\nline by line' : 'as served')
  for (const [name, { feeds, requests, fresh }] of Object.entries(ROWS)) {
    const cache = plain ? null : new HeaderCache()
    let parser = new Http1Parser(LIMITS, cache)
    const round = () => {
      if (fresh) parser = new Http1Parser(LIMITS, cache)
      for (const feed of feeds) parser.feed(feed)
    }
    measure(round, secondsPerRow / 4)
    console.log(`${((measure(round, secondsPerRow) / requests) * 1e6).toFixed(0).padStart(7)} ns  ${name}`)
  }
}

/** Milliseconds of processor time per round: others on the machine don't count. */
function measure(round: () => void, seconds: number): number {
  const start = process.cpuUsage()
  let rounds = 0
  let elapsedMs = 0
  for (; elapsedMs < seconds * 1000; elapsedMs = spentMs(start)) {
    for (let i = 0; i < 64; i++) round()
    rounds += 64
  }
  return elapsedMs / rounds
}

function spentMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}
