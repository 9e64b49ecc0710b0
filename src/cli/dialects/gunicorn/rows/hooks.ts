import { mapped, same, type Verdict } from '../../verdict.ts'
import { hook } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'
import { giveHookTls, warnOfHookTls } from '../sslContext.ts'

/** Python runs it (python/dram/dialects/gunicorn), and nothing of ours is set by it. docs/hooks.md says more. */
const runs = (where: string): Verdict => same(where, () => [])
const differs = (where: string): Verdict => mapped(where, () => [])

export const HOOKS: readonly GunicornRow[] = section('Server Hooks', {
  on_starting: { kind: hook, help: 'on_starting(server)', verdict: runs('in the keeper, before anything is opened') },
  on_reload: {
    kind: hook,
    help: 'on_reload(server)',
    verdict: runs('in the keeper, before the new workers are forked'),
  },
  when_ready: {
    kind: hook,
    help: 'when_ready(server)',
    verdict: differs('a call in the keeper once a worker serves and the sockets are open, not before the first fork'),
  },
  pre_fork: { kind: hook, help: 'pre_fork(server, worker)', verdict: runs('in the process that forks') },
  post_fork: { kind: hook, help: 'post_fork(server, worker)', verdict: runs('in the worker, before it loads') },
  post_worker_init: {
    kind: hook,
    help: 'post_worker_init(worker)',
    verdict: runs('in the worker, once it has loaded'),
  },
  worker_int: {
    kind: hook,
    help: 'worker_int(worker)',
    verdict: runs('in the worker at INT and QUIT, also at a fast stop'),
  },
  worker_abort: {
    kind: hook,
    help: 'worker_abort(worker)',
    verdict: runs('in the worker at ABRT, and when a request is over --timeout'),
  },
  pre_exec: {
    kind: hook,
    help: 'pre_exec(server)',
    verdict: differs('a call in the keeper before the new server is started; what it does to os.environ stays there'),
  },
  pre_request: { kind: hook, help: 'pre_request(worker, req)', verdict: runs('in the worker') },
  post_request: { kind: hook, help: 'post_request(worker, req, environ, resp)', verdict: runs('in the worker') },
  child_exit: { kind: hook, help: 'child_exit(server, worker)', verdict: runs('in the process that has forked it') },
  worker_exit: {
    kind: hook,
    help: 'worker_exit(server, worker)',
    verdict: runs('in the worker, when it is not killed'),
  },
  nworkers_changed: {
    kind: hook,
    help: 'nworkers_changed(server, new_value, old_value)',
    verdict: runs('in the keeper'),
  },
  on_exit: { kind: hook, help: 'on_exit(server)', verdict: runs('in the keeper, when all else has ended') },
  ssl_context: {
    kind: hook,
    help: 'ssl_context(config, default_ssl_context_factory)',
    verdict: mapped(
      'settings of TLS: it runs in the keeper when the settings are read, not for each connection',
      giveHookTls,
      warnOfHookTls,
    ),
  },
})
