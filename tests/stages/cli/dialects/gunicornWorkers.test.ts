import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { besides } from '../../../../src/cli/dialects/gunicorn/besides.ts'
import { readLine } from '../../../../src/cli/dialects/gunicorn/line.ts'
import { GUNICORN } from '../../../../src/cli/dialects/gunicorn/table.ts'
import { type FileTold, mergeTold } from '../../../../src/cli/dialects/gunicorn/told.ts'
import { translate } from '../../../../src/cli/dialects/translate.ts'
import type { Value } from '../../../../src/cli/dialects/verdict.ts'
import { Fault } from '../../../../src/faults/fault.ts'
import { load } from '../../../../src/settings/load.ts'
import type { Settings } from '../../../../src/settings/registry.ts'
import type { Variables } from '../../../../src/settings/variables.ts'

interface Translated {
  readonly settings: Settings
  readonly warnings: readonly string[]
}

/** A command line, and a file's values. */
function translated(line: string, values: Record<string, Value> = {}, variables: Variables = {}): Translated {
  const file: FileTold = {
    values,
    originOf: (name) => ({ kind: 'dialect', server: 'Gunicorn', source: 'gunicorn.conf.py', name }),
  }
  const told = mergeTold(file, [readLine(line.split(' ').filter(Boolean), 'command line')], '/')
  const { given, defaults, warnings } = translate('Gunicorn', GUNICORN, told)
  const isDaemon = told.get('daemon')?.value === true
  const dialect = { defaults: [...besides({}, isDaemon), ...defaults], warnings: [] }
  return { settings: load(given, variables, '/', () => null, dialect).settings, warnings }
}

const capacity = (line: string, values: Record<string, Value> = {}): readonly number[] => {
  const { threads, greenlets } = translated(line, values).settings
  return [threads, greenlets]
}

test('what each class comes to: threads, greenlets', () => {
  deepEqual(capacity(''), [1, 0])
  deepEqual(capacity('-k sync'), [1, 0])
  deepEqual(capacity('--threads 8'), [8, 0])
  deepEqual(capacity('-k gthread --threads 4'), [4, 0])
  deepEqual(capacity('-k gevent'), [1, 1000])
  deepEqual(capacity('-k gevent --worker-connections 200'), [1, 200])
  deepEqual(capacity('-k gevent_pywsgi'), [1, 1000])
  deepEqual(capacity('-k egg:gunicorn#gevent_wsgi'), [1, 1000])
  deepEqual(capacity('', { worker_class: 'gunicorn.workers.ggevent.GeventWorker' }), [1, 1000])
  deepEqual(capacity('', { worker_class: { $: 'class', name: 'gunicorn.workers.ggevent.GeventWorker' } }), [1, 1000])
  deepEqual(
    capacity('', { worker_class: { $: 'class', name: 'gunicorn.workers.gthread.ThreadWorker' }, threads: 3 }),
    [3, 0],
  )
})

test('worker_connections: with gevent alone it means something, and it is said where it doesn’t', () => {
  deepEqual(translated('-k gevent --worker-connections 50').warnings, [])
  match(translated('--worker-connections 50').warnings.join(), /--worker-connections.*DRAM_MAX_CONNECTIONS/)
  match(translated('-k gthread --worker-connections 50').warnings.join(), /means less here/)
  const many = translated('-k gevent --worker-connections 10000')
  equal(many.settings.greenlets, 4096)
  match(many.warnings.join(), /4096 requests at a time/)
  deepEqual(translated('-k gthread').warnings, [])
})

const REFUSED: readonly (readonly [name: Value, instead: RegExp])[] = [
  ['tornado', /use gthread \(threads = N\) or gevent/],
  ['gunicorn.workers.gtornado.TornadoWorker', /gthread/],
  ['eventlet', /Gunicorn itself has given it up: use gevent/],
  ['asgi', /ASGI applications are not served yet/],
  ['uvicorn.workers.UvicornWorker', /ASGI/],
  ['uvicorn_worker.UvicornWorker', /ASGI/],
  [{ $: 'class', name: 'uvicorn_worker.UvicornH11Worker' }, /ASGI/],
  ['egg:meinheld#gunicorn_worker', /HTTP is not the worker/],
  ['myproject.workers.Special', /hooks \(post_fork/],
  [{ $: 'class', name: '__config__.Special' }, /hooks \(post_fork/],
  ['egg:mine#special', /a worker class of your own/],
]

for (const [name, instead] of REFUSED) {
  test(`worker_class ${JSON.stringify(name)} is refused, and what to do instead is said`, () => {
    throws(
      () => translated('', { worker_class: name }),
      (fault: unknown) => {
        equal((fault as Fault).code, 'SETTING_REFUSED')
        match((fault as Fault).hint, instead)
        return fault instanceof Fault
      },
    )
  })
}

const limit = (line: string, values: Record<string, Value> = {}, variables: Variables = {}): readonly unknown[] => {
  const { timeoutMs, timeoutAction } = translated(line, values, variables).settings
  return [timeoutMs / 1000, timeoutAction]
}

test('timeouts: sync ends what takes 30 s, the others tell of it, unless somebody gave a timeout', () => {
  deepEqual(limit(''), [30, 'end'])
  deepEqual(limit('--threads 2'), [30, 'log'])
  deepEqual(limit('-k gthread'), [30, 'log'])
  deepEqual(limit('-k gevent'), [30, 'log'])
  deepEqual(limit('-k gevent -t 30'), [30, 'end'])
  deepEqual(limit('-k gthread --timeout 120'), [120, 'end'])
  deepEqual(limit('-k gthread', { timeout: 90 }), [90, 'end'])
  deepEqual(limit('', { worker_class: 'gevent', timeout: 90 }), [90, 'end'])
  deepEqual(limit('-t 0'), [0, 'end'])
  deepEqual(limit('-k gthread -t 0'), [0, 'end'])
  deepEqual(limit('-k gthread', {}, { DRAM_TIMEOUT_ACTION: 'end' }), [30, 'end'])
})

test('max_requests and its jitter are counted as there; no worker has a least lifetime', () => {
  const { maxRequests, maxRequestsJitter, minWorkerLifetimeMs } = translated(
    '--max-requests 1000 --max-requests-jitter 50',
  ).settings
  deepEqual([maxRequests, maxRequestsJitter, minWorkerLifetimeMs], [1000, 50, 0])
  equal(translated('--max-requests 1000').settings.maxRequestsJitter, 0)
})

test('signals: TERM is patient, INT is quick, WINCH is for daemons', () => {
  deepEqual(translated('').settings.signals, ['TERM=stop-gently', 'INT=stop-fast', 'WINCH=nothing'])
  deepEqual(translated('--daemon --log-file x.log').settings.signals, ['TERM=stop-gently', 'INT=stop-fast'])
  deepEqual(translated('', {}, { DRAM_SIGNAL: 'INT=stop' }).settings.signals, ['INT=stop'])
})
