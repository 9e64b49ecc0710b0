import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { ADJUSTMENTS } from '../../../../src/cli/dialects/waitress/adjustments.ts'
import { readCommandLine } from '../../../../src/cli/dialects/waitress/arguments.ts'
import { helpText } from '../../../../src/cli/dialects/waitress/help.ts'
import { applicationOf, translateAdjustments } from '../../../../src/cli/dialects/waitress/waitress.ts'
import { main } from '../../../../src/cli/main.ts'
import { type Loaded, load } from '../../../../src/settings/load.ts'

function loaded(line: string, variables: Record<string, string> = {}): Loaded {
  const read = readCommandLine(line.split(' '))
  const { given, dialect } = translateAdjustments(read.given, (name) => ({ kind: 'flag', name: `--${name}` }))
  return load([...given, applicationOf(read)], variables, '/folder', () => null, dialect)
}

function words(...argv: string[]): Record<string, string> {
  return Object.fromEntries(readCommandLine(argv).given)
}

test('without options it serves as Waitress does', () => {
  const { settings, warnings } = loaded('shop:app')
  deepEqual(settings.bind, ['0.0.0.0:8080'])
  deepEqual(settings.workers, { least: 1, most: 1 })
  equal(settings.threads, 4)
  equal(settings.backlog, 1024)
  equal(settings.timeoutMs, 0)
  equal(settings.streamTimeoutMs, 0)
  equal(settings.queueTimeoutMs, 86_400_000)
  equal(settings.keepAliveMs, 120_000)
  equal(settings.headTimeoutMs, 120_000)
  equal(settings.maxHeaderBytes, 262_144)
  equal(settings.maxBodyBytes, 1024 ** 3)
  equal(settings.responseSpoolBytes, 16 * 1024 ** 2)
  equal(settings.unixMode, 0o600)
  equal(settings.serverName, 'waitress.invalid')
  equal(settings.serverHeader, 'dram')
  equal(settings.maxConnections, 0)
  deepEqual(warnings, [])
})

test('variables of dram are stronger than these defaults and weaker than what is given; those of platforms are not read', () => {
  const variables = { DRAM_THREADS: '8', DRAM_WORKERS: '2', PORT: '5000', WEB_CONCURRENCY: '9' }
  const { settings } = loaded('shop:app', variables)
  equal(settings.threads, 8)
  deepEqual(settings.workers, { least: 2, most: 2 })
  deepEqual(settings.bind, ['0.0.0.0:8080'])
  equal(loaded('--threads=3 shop:app', variables).settings.threads, 3)
})

test('each adjustment becomes what its row says', () => {
  const { settings } = loaded(
    '--host=127.0.0.1 --port=80 --threads=9 --backlog=5 --connection-limit=500 --channel-timeout=7 --url-scheme=https ' +
      '--url-prefix=/shop/ --server-name=example.org --ident=me --max-request-header-size=2048 ' +
      '--max-request-body-size=10 --expose-tracebacks --inbuf-overflow=11 --outbuf-high-watermark=12 shop:app',
  )
  deepEqual(settings.bind, ['127.0.0.1:80'])
  equal(settings.threads, 9)
  equal(settings.backlog, 5)
  equal(settings.maxConnections, 500)
  for (const key of ['keepAliveMs', 'headTimeoutMs', 'bodyTimeoutMs', 'writeTimeoutMs'] as const)
    equal(settings[key], 7000)
  equal(settings.urlScheme, 'https')
  equal(settings.scriptName, '/shop')
  equal(settings.serverName, 'example.org')
  equal(settings.serverHeader, 'me')
  equal(settings.maxHeaderBytes, 2048)
  equal(settings.maxRequestLineBytes, 2048)
  equal(settings.maxBodyBytes, 10)
  equal(settings.exposeErrors, true)
  equal(settings.bodyBufferBytes, 11)
  equal(settings.responseSpoolBytes, 12)
  equal(loaded('--ident= shop:app').settings.serverHeader, '')
  equal(loaded('--url-prefix=/caf\u00e9 shop:app').settings.scriptName, '/caf%C3%A9')
  deepEqual(loaded('--unix-socket=/run/a --unix-socket-perms=0660 a').settings.bind, ['unix:/run/a'])
  equal(loaded('--unix-socket=/run/a --unix-socket-perms=0660 a').settings.unixMode, 0o660)
  deepEqual(loaded('--sockets=fd://3 a').settings.bind, ['fd://3'])
})

test('whose forwarding headers count, and which', () => {
  const nobody = loaded('a').settings
  deepEqual(nobody.trustedProxies, [])
  equal(nobody.untrustedForwarded, 'drop')
  equal(nobody.logUntrustedForwarded, false)
  const one = loaded('--trusted-proxy=10.0.0.1 a')
  deepEqual([one.settings.trustedProxies, one.settings.proxyHops], [['10.0.0.1'], 1])
  deepEqual([one.settings.forwardedHeaders, one.settings.forwardedRules], [['x-forwarded-proto'], 'counted'])
  match(one.warnings[0]!, /--trusted-proxy without --trusted-proxy-headers/)
  const read = readCommandLine([
    '--trusted-proxy=localhost',
    '--trusted-proxy-count=2',
    '--trusted-proxy-headers=X-Forwarded-For x-forwarded-host',
    '--log-untrusted-proxy-headers',
    '--no-clear-untrusted-proxy-headers',
    'a',
  ])
  const { given, dialect } = translateAdjustments(read.given, (name) => ({ kind: 'flag', name }))
  const { settings, warnings } = load(given, {}, '/folder', () => null, dialect)
  deepEqual([settings.trustedProxies, settings.proxyHops], [['unix'], 2])
  deepEqual(settings.forwardedHeaders, ['x-forwarded-for', 'x-forwarded-host'])
  deepEqual([settings.untrustedForwarded, settings.logUntrustedForwarded], ['keep', true])
  deepEqual(warnings, [])
})

test('what has no meaning here is said, once each, and only where it was given', () => {
  const { warnings } = loaded('--recv-bytes=1 --asyncore-use-poll --cleanup-interval=30 shop:app')
  equal(warnings.length, 2)
  match(warnings[0]!, /--recv_bytes.*buffer/)
  match(warnings[1]!, /--asyncore_use_poll.*epoll/)
})

test('options are taken as getopt takes them', () => {
  deepEqual(words('--po=80', 'a'), { port: '80' })
  deepEqual(words('--port', '80', 'a'), { port: '80' })
  deepEqual(words('--no-ipv6', '--ipv4', 'a'), { ipv6: 'false', ipv4: 'true' })
  deepEqual(words('--listen=a:1', '--listen', 'b:2', 'a'), { listen: ' a:1 b:2' })
  deepEqual(words('--e', 'a'), { expose_tracebacks: 'true' })
  equal(readCommandLine(['--app=shop:app']).app, 'shop:app')
  equal(readCommandLine(['--', 'shop:app']).app, 'shop:app')
})

test('--call calls', () => {
  deepEqual(applicationOf(readCommandLine(['--call', 'shop:make'])).words, ['shop:make()'])
  deepEqual(applicationOf(readCommandLine(['--call', 'shop.make'])).words, ['shop.make()'])
})

const REFUSED: readonly [line: string, says: RegExp][] = [
  ['shop:app --port=80', /--port=80 stands behind the application/],
  ['shop:app other:app', /several applications: shop:app, other:app/],
  ['--port=80', /no application/],
  ['-p 80 a', /no option -p/],
  ['--nothing a', /no option --nothing/],
  ['--c a', /--c may be --call or /],
  ['--port', /--port needs a value/],
  ['--ipv4=yes a', /--ipv4 takes no value/],
  ['--host=a --listen=b:1 a', /--listen and --host exclude each other/],
  ['--unix-socket=a --port=1 a', /--unix-socket and --port exclude each other/],
  ['--listen=:80 a', /cannot read ":80" as an address/],
  ['--listen=[::1]:80 --no-ipv6 a', /IPv6 address, and --no-ipv6/],
  ['--listen=example.org:80 --no-ipv6 a', /both families/],
  ['--trusted-proxy-count=2 a', /no meaning without --trusted-proxy/],
  ['--trusted-proxy-headers=forwarded a', /no meaning without --trusted-proxy/],
  ['--sockets=x a', /from Python alone/],
]

for (const [line, says] of REFUSED) {
  test(`refused: ${line}`, () => throws(() => loaded(line), { code: 'DIALECT_USAGE', message: says }))
}

test('a value that can’t be read names its option', () => {
  throws(() => loaded('--threads=x a'), { code: 'SETTING_INVALID', message: /--threads: must be a whole number/ })
  throws(() => loaded('--max-request-header-size=10 a'), {
    code: 'SETTING_INVALID',
    message: /max_request_header_size/,
  })
})

test('usage errors end with 1, as there; --help has every option', async () => {
  let [out, err] = ['', '']
  const world = {
    variables: {},
    folder: '/folder',
    columns: 80,
    out: (text: string) => (out += text),
    err: (text: string) => (err += text),
  }
  equal(await main(['waitress-serve', 'shop:app', '--port=80'], world), 1)
  match(
    err,
    /^dram: DIALECT_USAGE: --port=80 stands behind.*\nhint: write it before: dram waitress-serve --port=80 shop:app/,
  )
  equal(await main(['waitress-serve', '--threads=x', 'shop:app'], world), 1)
  equal(await main(['waitress-serve', '--help'], world), 0)
  equal(out, helpText(80))
  for (const { flags } of ADJUSTMENTS) match(out, new RegExp(`--(\\[no-\\])?${flags[0]!.slice(2)}\\b`))
})

test('--explain prints a dram.toml that says the same', async () => {
  let out = ''
  const world = { variables: {}, folder: '/folder', columns: 80, out: (text: string) => (out += text), err: () => {} }
  const argv = [
    '--listen=*:80 127.0.0.1:81',
    '--trusted-proxy=10.0.0.1',
    '--trusted-proxy-headers=forwarded',
    '--ident=',
    '--url-prefix=/shop',
    '--unix-socket-perms=0660',
    '--recv-bytes=1',
    '--call',
    'shop:make',
  ]
  equal(await main(['waitress-serve', '--explain', ...argv], world), 0)
  const read = readCommandLine(argv)
  const { given, dialect } = translateAdjustments(read.given, (name) => ({ kind: 'flag', name }))
  const { settings } = load([...given, applicationOf(read)], {}, '/folder', () => null, dialect)
  deepEqual(load([], {}, '/folder', (path) => (path === '/folder/dram.toml' ? out : null)).settings, settings)
  match(out, /^# .*--recv-bytes.*buffer/m)
})
