import { isDefault } from '../../../settings/given.ts'
import { refuse } from '../translate.ts'
import { type Give, gift, isThing, type Told, type Value, type Values, type Warn } from '../verdict.ts'

/** How Gunicorn's worker runs requests, of the ways that are served here. */
export type WorkerKind = 'sync' | 'gthread' | 'gevent'

const KINDS: Readonly<Record<string, WorkerKind>> = {
  sync: 'sync',
  'gunicorn.workers.sync.SyncWorker': 'sync',
  gthread: 'gthread',
  'gunicorn.workers.gthread.ThreadWorker': 'gthread',
  gevent: 'gevent',
  gevent_wsgi: 'gevent',
  gevent_pywsgi: 'gevent',
  'gunicorn.workers.ggevent.GeventWorker': 'gevent',
  'gunicorn.workers.ggevent.GeventPyWSGIWorker': 'gevent',
}

/** Others that people have, by a part of their names, and what to do instead. */
const OTHERS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [
    /^(asgi$|gunicorn\.workers\.gasgi\.|uvicorn|hypercorn|.*(?:uvicorn|asgi)\w*worker)/i,
    'ASGI applications are not served yet: serve it with Gunicorn or Uvicorn as before; an application that has a WSGI side, as Django has (project.wsgi), can use sync, gthread or gevent',
  ],
  [/tornado/i, 'use gthread (threads = N) or gevent: they run the same WSGI application'],
  [/eventlet/i, 'Gunicorn itself has given it up: use gevent (pip install gevent), or gthread (threads = N)'],
  [/meinheld/i, 'use sync, gthread (threads = N) or gevent: HTTP is not the worker’s work here'],
]

const CUSTOM =
  'a worker class of your own brings a loop and a server of its own, which have no place here: use sync, gthread (threads = N) or gevent; what its methods did at the birth and end of workers and requests can be done in hooks (post_fork, post_worker_init, worker_exit, pre_request, post_request)'

/** Of one entry that its packages name alike: `egg:gunicorn#gevent`. */
const EGG = /^egg:gunicorn#(\w+)$/

function nameOf(value: Value): string {
  const name = isThing(value) ? (value.name ?? value.repr ?? '') : String(value ?? 'sync')
  return EGG.exec(name)?.[1] ?? name
}

/** Null: another kind, which is refused. Where sync has several threads, it is gthread, as there. */
export function kindOf({ worker_class, threads }: Values): WorkerKind | null {
  const kind = KINDS[nameOf(worker_class ?? 'sync')] ?? null
  return kind === 'sync' && (threads as number) > 1 ? 'gthread' : kind
}

export const workerClass: Give = (value, _all, told) => {
  const name = nameOf(value)
  if (KINDS[name] !== undefined) return []
  throw refuse(told, OTHERS.find(([pattern]) => pattern.test(name))?.[1] ?? CUSTOM)
}

/** Many a file says the default once more. */
const USUAL_CONNECTIONS = 1000
const MOST_GREENLETS = 4096

export const workerConnections: Give = (value, all) =>
  kindOf(all) === 'gevent' ? [gift('greenlets', Math.min(MOST_GREENLETS, Math.max(1, value as number)))] : []

export const warnOfConnections: Warn = (value, all) => {
  if (kindOf(all) !== 'gevent')
    return value === USUAL_CONNECTIONS
      ? null
      : 'the server has the connections, not the workers: DRAM_MAX_CONNECTIONS bounds them all'
  return (value as number) > MOST_GREENLETS
    ? `a worker runs ${MOST_GREENLETS} requests at a time at most; others wait for a worker in the server`
    : null
}

/** In Gunicorn nothing bounds a request but in a sync worker: elsewhere it is told of, unless somebody asked for a limit. */
export const timeout: Give = (value, all, { origin }: Told) => {
  const ends = kindOf(all) === 'sync' || !isDefault(origin)
  return [gift('timeoutMs', `${value}s`), gift('timeoutAction', ends ? 'end' : 'log')]
}

/** Those of ours that do something else there. Its WINCH is for daemons alone. */
export function signals(isDaemon: boolean): string[] {
  return ['TERM=stop-gently', 'INT=stop-fast', ...(isDaemon ? [] : ['WINCH=nothing'])]
}
