import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { curlOf, quoted } from '../../../../src/dev/inspector/curl.ts'
import { Http1Parser } from '../../../../src/parse/http1.ts'
import { defaultSettings } from '../../../../src/settings/load.ts'

const limits = { ...defaultSettings(), maxBodyBytes: Number.POSITIVE_INFINITY }

function command(text: string | Buffer, isSecure = false): string {
  const bytes = Buffer.from(text as string, 'latin1')
  const head = new Http1Parser(limits, null).feed(bytes).find((event) => event.kind === 'head')!.head
  return curlOf({ head, bytes, isWhole: true, limits, isSecure, authority: '127.0.0.1:8000' })
}

/** The words that a shell makes of it, without curl's own. */
function words(line: string): string[] {
  const script = line.replace(/(^|\| )curl /, '$1show ')
  const show = `show() { printf '%s\\0' "$@"; }\n`
  return execFileSync('sh', ['-c', show + script])
    .toString('latin1')
    .split('\0')
    .slice(0, -1)
}

test('words come back from a shell as they were', () => {
  const odd = ['', 'plain', "it's", '$HOME `ls` "x" \\', 'a\nb', '!x *', '-flag', '~', "'", 'é']
  for (const word of odd) equal(execFileSync('sh', ['-c', `printf %s ${quoted(word)}`]).toString(), word)
})

test('method, fields, host and body are those of the request, and nothing is added to them', () => {
  deepEqual(words(command('GET /a?b=1 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept: */*\r\nUser-Agent: x\r\n\r\n')), [
    '--header',
    'accept: */*',
    '--header',
    'user-agent: x',
    'http://127.0.0.1:8000/a?b=1',
  ])
  deepEqual(
    words(command("PUT /[1]/../x HTTP/1.1\r\nHost: shop.test\r\nX-Empty:\r\nContent-Length: 7\r\n\r\n@it's 1", true)),
    [
      '--request',
      'PUT',
      '--insecure',
      '--globoff',
      '--path-as-is',
      '--header',
      'x-empty;',
      '--header',
      'accept:',
      '--header',
      'user-agent:',
      '--header',
      'content-type:',
      '--data-raw',
      "@it's 1",
      '--header',
      'Host: shop.test',
      'https://127.0.0.1:8000/[1]/../x',
    ],
  )
  match(command('HEAD / HTTP/1.0\r\n\r\n'), /--head --http1\.0/)
  match(command('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'), /--request PUT .*--data-raw '' /)
  match(command('GET / HTTP/1.0\r\n\r\n'), /--header Host: http/)
  match(command('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'), /--request-target '\*' .*http:\/\/127\.0\.0\.1:8000\/$/)
})

test('a body that is no text goes through base64', () => {
  const body = Buffer.from([0, 1, 0xff, 0x27, 0x0a])
  const line = command(
    Buffer.concat([
      Buffer.from('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n'),
      body,
      Buffer.from('\r\n0\r\n\r\n'),
    ]),
  )
  match(line, /^printf %s [A-Za-z0-9+/=]+ \| base64 -d \| curl .*'Transfer-Encoding: chunked'.*--data-binary @-/)
  const piped = execFileSync('sh', ['-c', line.replace(/\| curl .*/, '')])
  deepEqual(piped, body)
})

test('the cookie that lets a browser see our pages stays out of it, and no other', () => {
  const cookies = (value: string) =>
    words(command(`GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nCookie: ${value}\r\n\r\n`)).filter((word) =>
      word.startsWith('cookie'),
    )
  deepEqual(cookies('a=b;c=d'), ['cookie: a=b;c=d'])
  deepEqual(cookies('a=b; dram-dev-127-0-0-1-8000=token; c=dram-dev-'), ['cookie: a=b; c=dram-dev-'])
  deepEqual(cookies('dram-dev-127-0-0-1-8000=token'), [])
})
