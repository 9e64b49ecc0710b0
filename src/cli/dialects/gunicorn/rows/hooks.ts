import { refused } from '../../verdict.ts'
import { hook } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'

const NOT_YET = refused('hooks do not run here yet: leave it out of the file')

export const HOOKS: readonly GunicornRow[] = section('Server Hooks', {
  on_starting: { kind: hook, help: 'on_starting(server)', verdict: NOT_YET },
  on_reload: { kind: hook, help: 'on_reload(server)', verdict: NOT_YET },
  when_ready: { kind: hook, help: 'when_ready(server)', verdict: NOT_YET },
  pre_fork: { kind: hook, help: 'pre_fork(server, worker)', verdict: NOT_YET },
  post_fork: { kind: hook, help: 'post_fork(server, worker)', verdict: NOT_YET },
  post_worker_init: { kind: hook, help: 'post_worker_init(worker)', verdict: NOT_YET },
  worker_int: { kind: hook, help: 'worker_int(worker)', verdict: NOT_YET },
  worker_abort: { kind: hook, help: 'worker_abort(worker)', verdict: NOT_YET },
  pre_exec: { kind: hook, help: 'pre_exec(server)', verdict: NOT_YET },
  pre_request: { kind: hook, help: 'pre_request(worker, req)', verdict: NOT_YET },
  post_request: { kind: hook, help: 'post_request(worker, req, environ, resp)', verdict: NOT_YET },
  child_exit: { kind: hook, help: 'child_exit(server, worker)', verdict: NOT_YET },
  worker_exit: { kind: hook, help: 'worker_exit(server, worker)', verdict: NOT_YET },
  nworkers_changed: { kind: hook, help: 'nworkers_changed(server, new_value, old_value)', verdict: NOT_YET },
  on_exit: { kind: hook, help: 'on_exit(server)', verdict: NOT_YET },
  ssl_context: { kind: hook, help: 'ssl_context(config, default_ssl_context_factory)', verdict: NOT_YET },
})
