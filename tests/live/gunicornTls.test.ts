import { equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { asFiles, makeCertificate } from '../kit/certificates.ts'
import { Client, request } from '../kit/client.ts'
import { atEnd, fileScope, type Scope } from '../kit/ends.ts'
import { APPS, folder, PYTHON, run, start } from '../kit/server.ts'
import { within } from '../kit/wait.ts'

const home = folder(fileScope)
const authority = makeCertificate({ name: [['CN', 'authority']], isAuthority: true })
const site = makeCertificate({ name: [['CN', 'site.test']], hosts: ['site.test'], by: authority })
const alice = makeCertificate({ name: [['CN', 'alice']], by: authority })
const { certfile, keyfile } = asFiles(home, 'site', site)
const ca = asFiles(home, 'authority', authority).certfile

const options = (scope: Scope, conf?: string) => {
  const cwd = folder(scope, conf === undefined ? {} : { 'gunicorn.conf.py': conf })
  return { python: false, cwd, env: { DRAM_PYTHON: PYTHON } } as const
}
const LINE = ['--chdir', APPS, 'probe:application']

async function environ(t: TestContext, port: number, own: ConnectionOptions = {}): Promise<Record<string, string>> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'site.test', ca: authority.certificate, ...own })
  atEnd(t, () => socket.destroy())
  await within(once(socket, 'secureConnect'), 'a handshake')
  const client = new Client(socket)
  await client.write(request('GET', '/environ'))
  return JSON.parse((await client.response()).text)
}

test('certfile, keyfile, ca_certs, cert_reqs and ciphers', async (t) => {
  const args = [
    '--certfile',
    certfile,
    '--keyfile',
    keyfile,
    '--ca-certs',
    ca,
    '--cert-reqs',
    '2',
    '--ciphers',
    'ECDHE+AESGCM',
  ]
  const server = await start(t, 'gunicorn', [...args, '--ssl-version', '3', ...LINE], options(t))
  const found = await environ(t, server.port, { cert: alice.certificate, key: alice.key, maxVersion: 'TLSv1.2' })
  equal(found['wsgi.url_scheme'], 'https')
  equal(found.SSL_CLIENT_S_DN, 'CN=alice')
  match(found.SSL_CIPHER!, /^ECDHE-ECDSA-AES\d+-GCM/)
  ok(server.lines.some((line) => /ssl_version|ssl-version/.test(line)))
})

test('an ssl.VerifyMode in the file, and relative paths', async (t) => {
  const conf = `import ssl\ncertfile = ${JSON.stringify(certfile)}\nkeyfile = ${JSON.stringify(keyfile)}\nca_certs = ${JSON.stringify(ca)}\ncert_reqs = ssl.CERT_OPTIONAL\n`
  const server = await start(t, 'gunicorn', LINE, options(t, conf))
  equal((await environ(t, server.port)).SSL_CLIENT_VERIFY, 'NONE')
})

const HOOK = `
import ssl
certfile = ${JSON.stringify(certfile)}
keyfile = ${JSON.stringify(keyfile)}

def ssl_context(config, default_ssl_context_factory):
    context = default_ssl_context_factory()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(${JSON.stringify(ca)})
    context.verify_mode = ssl.CERT_OPTIONAL
`

test('the hook ssl_context becomes settings', async (t) => {
  const server = await start(t, 'gunicorn', LINE, options(t, `${HOOK}    return context\n`))
  const found = await environ(t, server.port, { cert: alice.certificate, key: alice.key })
  equal(found.SSL_CLIENT_S_DN_CN, 'alice')
  const old = connect({ port: server.port, host: '127.0.0.1', maxVersion: 'TLSv1.2', rejectUnauthorized: false })
  const [error] = await within(once(old, 'error'), 'a refusal')
  match(String(error.code), /PROTOCOL|EPROTO/)
  equal((await environ(t, server.port)).SSL_CLIENT_VERIFY, 'NONE')
})

test('what the hook does that can be no setting is a coded fault', async (t) => {
  const conf = `${HOOK}    context.sni_callback = lambda *_: None\n    return context\n`
  const failing = run(t, ['gunicorn', ...LINE], options(t, conf))
  ok((await failing.exit()).code !== 0)
  match(failing.stderr, /SETTING_REFUSED.*ssl_context/)
  match(failing.stderr, /DRAM_SNI/)
})

test('a bad key is named', async (t) => {
  const failing = run(t, ['gunicorn', '--certfile', certfile, '--keyfile', join(home, 'none'), ...LINE], options(t))
  ok((await failing.exit()).code !== 0)
  match(failing.stderr, /CERTIFICATE_UNREADABLE: .*none: there is no such file/)
})
