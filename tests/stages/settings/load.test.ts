import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { readArguments } from '../../../src/settings/arguments.ts'
import { originText } from '../../../src/settings/given.ts'
import { type Loaded, load } from '../../../src/settings/load.ts'

interface Around {
  readonly variables?: Record<string, string>
  readonly files?: Record<string, string>
}

function loaded(argv: string, { variables = {}, files = {} }: Around = {}): Loaded {
  const { given } = readArguments(argv.split(' ').filter(Boolean))
  return load(given, variables, '/here', (path) => files[path] ?? null)
}

test('the stronger source wins, and is remembered', () => {
  const files = { '/here/dram.toml': 'threads = 2\nworkers = 2\nqueue = 2\nbacklog = 2\n' }
  const variables = { DRAM_THREADS: '3', DRAM_WORKERS: '3', WEB_CONCURRENCY: '9', DRAM_QUEUE: '3' }
  const { settings, origins, file } = loaded('--threads 4', { files, variables })
  deepEqual([settings.threads, settings.workers.most, settings.queue, settings.backlog], [4, 3, 3, 2])
  equal(originText(origins.threads), 'command line, --threads')
  equal(originText(origins.workers), 'variable DRAM_WORKERS')
  equal(originText(origins.backlog), '/here/dram.toml, line 4')
  equal(originText(origins.bind), 'default')
  equal(file, '/here/dram.toml')
})

test('WEB_CONCURRENCY is stronger than the file', () => {
  const files = { '/here/dram.toml': 'workers = 2' }
  equal(loaded('', { files, variables: { WEB_CONCURRENCY: '9' } }).settings.workers.most, 9)
})

test('PORT means every address, and yields to all that says what to bind', () => {
  const variables = { PORT: '5000' }
  deepEqual(loaded('', { variables }).settings.bind, ['0.0.0.0:5000', '[::]:5000'])
  deepEqual(loaded('-b :1', { variables }).settings.bind, [':1'])
  deepEqual(loaded('', { variables: { ...variables, DRAM_BIND: ':1,unix:/s' } }).settings.bind, [':1', 'unix:/s'])
  deepEqual(loaded('', { variables, files: { '/here/dram.toml': 'bind = ":2"' } }).settings.bind, [':2'])
  throws(() => loaded('', { variables: { PORT: 'http' } }), { code: 'SETTING_INVALID', message: /PORT must be/ })
})

test('a flag that repeats is one list, one that takes a single value keeps the last', () => {
  deepEqual(loaded('-b a:1 --bind b:2').settings.bind, ['a:1', 'b:2'])
  equal(loaded('-w 1 -w 2').settings.workers.least, 2)
  deepEqual(loaded('--trusted-proxies unix --no-trusted-proxies').settings.trustedProxies, [])
})

test('the environment of the application adds up', () => {
  const files = {
    '/here/dram.toml': 'env-file = "app.env"\n[env]\nA = "file"\nB = "file"\n',
    '/here/app.env': 'A=env\nC=env\nD=env\n',
  }
  const { environment } = loaded('--env A=flag -e D=flag', { files })
  deepEqual(environment, { A: 'flag', B: 'file', C: 'env', D: 'flag' })
})

test('a relative path starts where it was written', () => {
  const files = { '/etc/shop/dram.toml': 'chdir = "srv"\npythonpath = ["lib", "/opt"]\npython = "python3.12"\n' }
  const { settings } = loaded('--config /etc/shop/dram.toml --spool-dir spool', { files })
  equal(settings.chdir, '/etc/shop/srv')
  deepEqual(settings.pythonpath, ['/etc/shop/lib', '/opt'])
  equal(settings.python, 'python3.12')
  equal(settings.spoolDir, '/here/spool')
  equal(loaded('--python .venv').settings.python, '/here/.venv')
  equal(loaded('--access-log -').settings.accessLog, '-')
})

test('dram.toml comes before pyproject.toml, which counts only with its table', () => {
  const pyproject = '[project]\nname = "shop"\n[tool.dram]\nthreads = 5\n'
  equal(loaded('', { files: { '/here/pyproject.toml': pyproject } }).settings.threads, 5)
  equal(loaded('', { files: { '/here/pyproject.toml': pyproject } }).origins.threads.kind, 'file')
  equal(loaded('', { files: { '/here/pyproject.toml': '[project]\nname = "x"' } }).file, null)
  const both = { '/here/pyproject.toml': pyproject, '/here/dram.toml': '' }
  deepEqual([loaded('', { files: both }).settings.threads, loaded('', { files: both }).file], [1, '/here/dram.toml'])
})

test('what can be turned off can be turned off in every source', () => {
  equal(loaded('--no-server-header').settings.serverHeader, '')
  equal(loaded('', { variables: { DRAM_SERVER_HEADER: 'off' } }).settings.serverHeader, '')
  equal(loaded('', { files: { '/here/dram.toml': 'server-header = false' } }).settings.serverHeader, '')
  equal(loaded('', { variables: { DRAM_DATE_HEADER: 'no' } }).settings.dateHeader, false)
  equal(loaded('', { variables: { DRAM_SERVER_HEADER: '' } }).settings.serverHeader, 'dram')
})

const VALUES: [argv: string, key: keyof Loaded['settings'], value: unknown][] = [
  ['--workers auto', 'workers', { least: 0, most: 0 }],
  ['--workers 3', 'workers', { least: 3, most: 3 }],
  ['--workers 0..8', 'workers', { least: 0, most: 8 }],
  ['--look-ahead auto', 'lookAhead', -1],
  ['--look-ahead 0', 'lookAhead', 0],
  ['--keep-alive 0', 'keepAliveMs', 0],
  ['--head-timeout 1500ms', 'headTimeoutMs', 1500],
  ['--max-body 0', 'maxBodyBytes', 0],
  ['--unix-mode 0o600', 'unixMode', 0o600],
  ['--unix-mode 0777', 'unixMode', 0o777],
  ['--forwarded-headers forwarded', 'forwardedHeaders', ['forwarded']],
  ['--trusted-proxies ::1,10.0.0.0/8,*', 'trustedProxies', ['::1', '10.0.0.0/8', '*']],
  ['--script-name /shop/eu', 'scriptName', '/shop/eu'],
  ['--no-request-id-header', 'requestIdHeader', ''],
]

test('values are read', () => {
  for (const [argv, key, value] of VALUES) deepEqual(loaded(argv).settings[key], value, argv)
})

const INVALID: [argv: string, message: RegExp][] = [
  ['--workers 0', /--workers must be auto, a whole number from 1 to 1024, or two such as 2\.\.8 .*, not "0"/],
  ['--workers 3..2', /two such as 2\.\.8/],
  ['-w many', /-w must be auto, /],
  ['--head-timeout 0', /--head-timeout must be a time from 1ms to 24h, such as 500ms, 30s or 2m, not "0"/],
  ['--max-request-line 61KiB', /from 64 to 32000/],
  ['--log-level loud', /must be debug, info, .*, not "loud"/],
  ['--unix-mode 888', /octal/],
  ['--trusted-proxies 10.0.0.0/33', /networks such as/],
  ['--trusted-proxies proxy.example', /networks such as/],
  ['--bind=', /--bind must be HOST:PORT, .* not ""/],
  ['--env NOPE', /--env must be KEY=VALUE, not "NOPE"/],
  ['--script-name shop', /without a slash at its end/],
  ['--script-name /shop/', /without a slash at its end/],
  ['--request-id-header X:Y', /a header name/],
  ['--server-header a\nb', /visible ASCII/],
  ['--env-file none', /--env-file: there is no file \/here\/none/],
]

test('values that can’t be read say what would be right', () => {
  for (const [argv, message] of INVALID) throws(() => loaded(argv), { code: 'SETTING_INVALID', message }, argv)
})

test('unknown variables and keys are faults with a suggestion', () => {
  throws(() => loaded('', { variables: { DRAM_WORKER: '2' } }), { code: 'SETTING_UNKNOWN', hint: /DRAM_WORKERS/ })
  throws(() => loaded('', { variables: { DRAM_ENV: 'A=1' } }), { code: 'SETTING_UNKNOWN' })
  const files = { '/here/dram.toml': '\n# limits\nmax_body = "1GiB"\n' }
  throws(() => loaded('', { files }), {
    code: 'SETTING_UNKNOWN',
    message: /max_body \(\/here\/dram.toml, line 3\)/,
    hint: /did you mean max-body/,
  })
})

test('faults of a file tell the line', () => {
  const at = (toml: string): string => {
    try {
      loaded('', { files: { '/here/dram.toml': toml } })
    } catch (error) {
      return String(error)
    }
    return 'no fault'
  }
  match(at('threads = 1\nthreads ='), /cannot read the settings file: \/here\/dram.toml, line 2: /)
  match(at('threads = 1\n\nworkers = "x"'), /workers \(\/here\/dram.toml, line 3\) must be auto, /)
  match(at('unix-mode = 660'), /unix-mode .* must be permissions in octal/)
  match(at('threads = [1, 2]'), /threads \(.*line 1\) must be/)
  match(at('threads = 2024-01-01'), /threads \(.*line 1\) must be/)
  match(at('bind = [":1", { a = 1 }]'), /bind \(.*line 1\) must be/)
  match(at('bind = []'), /bind \(.*line 1\) must be .*, not empty/)
  match(at('[env]\nA = ["x"]'), /env \(.*line 1\) must be KEY=VALUE/)
  throws(() => loaded('--config x.toml'), { code: 'SETTINGS_FILE', message: /no file \/here\/x.toml/ })
})
