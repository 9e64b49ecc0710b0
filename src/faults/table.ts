/**
 * One row per failure: what the client gets (`status`) or how the process ends (`exit`), what it says, what to do.
 * A code is never renamed and never reused. `{name}` in a sentence is filled in where the fault is raised.
 */
export interface FaultRow {
  /** HTTP status of the answer a client gets. */
  readonly status?: number
  /** Exit code of the process. */
  readonly exit?: number
  readonly says: string
  readonly hint: string
}

export const FAULTS = {
  // A request that can't be taken. The connection is closed after the answer.
  TLS_UNEXPECTED: {
    status: 400,
    says: 'the client speaks TLS, but this address is served without',
    hint: 'use http://, or a proxy in front that ends TLS',
  },
  TLS_EXPECTED: {
    status: 400,
    says: 'the client speaks plain HTTP, but this address is served with TLS',
    hint: 'use https://',
  },
  LINE_BARE_LF: { status: 400, says: 'a line ends with LF alone', hint: 'end every line with CRLF (RFC 9112 §2.2)' },
  REQUEST_LINE_MALFORMED: {
    status: 400,
    says: 'the request line is not METHOD SP TARGET SP VERSION',
    hint: 'see RFC 9112 §3',
  },
  REQUEST_LINE_TOO_LONG: {
    status: 414,
    says: 'the request line is longer than {limit} bytes',
    hint: 'shorten the URL, or raise --max-request-line',
  },
  METHOD_MALFORMED: { status: 400, says: 'the method is not a token', hint: 'see RFC 9110 §9.1' },
  METHOD_CONNECT: { status: 501, says: 'CONNECT is not served', hint: 'this is an origin server, not a tunnel' },
  TARGET_MALFORMED: {
    status: 400,
    says: 'the request target is not valid: {detail}',
    hint: 'percent-encode everything but visible ASCII (RFC 9112 §3.2)',
  },
  VERSION_MALFORMED: { status: 400, says: 'the protocol version is malformed', hint: 'send HTTP/1.1' },
  VERSION_UNSUPPORTED: { status: 505, says: 'only HTTP/1.0 and HTTP/1.1 are spoken here', hint: 'send HTTP/1.1' },
  HEADER_MALFORMED: { status: 400, says: 'a header line is not NAME: VALUE', hint: 'see RFC 9112 §5' },
  HEADER_NAME_INVALID: {
    status: 400,
    says: 'a header name is empty or not a token',
    hint: 'no space before the colon (RFC 9112 §5.1)',
  },
  HEADER_VALUE_INVALID: {
    status: 400,
    says: 'the value of {name} holds a control character',
    hint: 'see RFC 9110 §5.5',
  },
  HEADER_FOLDED: {
    status: 400,
    says: 'a header line is folded over two lines',
    hint: 'send it in one line (RFC 9112 §5.2)',
  },
  HEADERS_TOO_MANY: {
    status: 431,
    says: 'there are more than {limit} header lines',
    hint: 'send fewer, or raise --max-headers',
  },
  HEADER_TOO_LONG: {
    status: 431,
    says: 'a header line is longer than {limit} bytes',
    hint: 'send smaller cookies, or raise --max-header-line',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    says: 'the headers are larger than {limit} bytes',
    hint: 'send fewer cookies, or raise --max-header-size',
  },
  HEADER_UNDERSCORE: {
    status: 400,
    says: 'the header name {name} holds an underscore',
    hint: 'use a hyphen, or set --header-underscores drop',
  },
  HOST_MISSING: { status: 400, says: 'there is no Host header', hint: 'HTTP/1.1 needs one (RFC 9112 §3.2)' },
  HOST_REPEATED: { status: 400, says: 'there is more than one Host header', hint: 'send one (RFC 9112 §3.2)' },
  HOST_INVALID: { status: 400, says: 'the Host header is not HOST[:PORT]', hint: 'see RFC 9110 §7.2' },
  LENGTH_INVALID: {
    status: 400,
    says: 'the Content-Length is not a number of bytes',
    hint: 'send digits only, once (RFC 9112 §6.3)',
  },
  LENGTH_REPEATED: { status: 400, says: 'there is more than one Content-Length', hint: 'send one (RFC 9112 §6.3)' },
  LENGTH_AND_CHUNKED: {
    status: 400,
    says: 'there are both Content-Length and Transfer-Encoding',
    hint: 'send one of them (RFC 9112 §6.1)',
  },
  CODING_INVALID: {
    status: 400,
    says: 'the Transfer-Encoding does not end in exactly one chunked',
    hint: 'see RFC 9112 §6.1',
  },
  CODING_ON_1_0: {
    status: 400,
    says: 'HTTP/1.0 has no Transfer-Encoding',
    hint: 'send a Content-Length (RFC 9112 §6.1)',
  },
  CODING_UNKNOWN: { status: 501, says: 'the transfer coding is not known here', hint: 'send chunked alone' },
  CHUNK_MALFORMED: { status: 400, says: 'a chunk is malformed: {detail}', hint: 'see RFC 9112 §7.1' },
  CHUNK_LINE_TOO_LONG: {
    status: 400,
    says: 'a chunk extension is longer than {limit} bytes',
    hint: 'leave extensions out',
  },
  TRAILER_MALFORMED: { status: 400, says: 'a trailer line is malformed', hint: 'see RFC 9112 §7.1.2' },
  TRAILERS_TOO_LARGE: { status: 431, says: 'the trailers are larger than {limit} bytes', hint: 'send fewer' },
  BODY_TOO_LARGE: {
    status: 413,
    says: 'the body is larger than {limit} bytes',
    hint: 'send less, or raise --max-body',
  },
  EXPECTATION_UNKNOWN: { status: 417, says: 'the expectation is not 100-continue', hint: 'leave Expect out' },
  FORWARDED_INVALID: {
    status: 400,
    says: 'a trusted proxy sent a malformed {name} header',
    hint: 'mend the proxy, or take it out of --trusted-proxies',
  },
  SCHEME_HEADERS_DISAGREE: {
    status: 400,
    says: 'a trusted proxy sent headers that disagree about http and https: {name}',
    hint: 'mend the proxy, or name one header in --scheme-headers',
  },
  SCRIPT_NAME_MISMATCH: {
    status: 500,
    says: 'the path does not begin with SCRIPT_NAME, which is {detail}',
    hint: 'operators: have the proxy hand on the whole path, or see --script-name-mismatch',
  },
  PROXY_PROTOCOL_INVALID: {
    status: 400,
    says: 'the PROXY protocol is malformed: {detail}',
    hint: 'see section 2 of its specification (haproxy.org)',
  },
  PROXY_PROTOCOL_FORBIDDEN: {
    status: 403,
    says: 'this peer may not send the PROXY protocol',
    hint: 'operators: name it in --proxy-protocol-from',
  },
  PROXY_PROTOCOL_TIMEOUT: {
    status: 408,
    says: 'the PROXY protocol was not whole within {limit}',
    hint: 'send it at once, or raise --head-timeout',
  },

  // A request that was slow, or came at a bad time.
  HEAD_TIMEOUT: {
    status: 408,
    says: 'the request head did not come within {limit}',
    hint: 'send it faster, or raise --head-timeout',
  },
  BODY_TIMEOUT: {
    status: 408,
    says: 'the request body stopped coming',
    hint: 'send it faster, or raise --body-timeout',
  },
  BODY_TOO_SLOW: {
    status: 408,
    says: 'the request body comes slower than {limit} a second',
    hint: 'send it faster, or lower --min-body-rate',
  },
  QUEUE_FULL: {
    status: 503,
    says: '{limit} requests are waiting already',
    hint: 'come back later; operators: more --workers, or raise --queue',
  },
  QUEUE_TIMEOUT: {
    status: 503,
    says: 'no worker was free within {limit}',
    hint: 'come back later; operators: more --workers, or raise --queue-timeout',
  },
  TOO_MANY_CONNECTIONS: {
    status: 503,
    says: '{limit} connections are open already',
    hint: 'come back later; operators: raise --max-connections and ulimit -n',
  },
  TOO_MANY_OF_CLIENT: {
    status: 503,
    says: '{limit} connections of this client are open already',
    hint: 'use fewer connections; operators: raise --max-client-connections',
  },
  STOPPING: { status: 503, says: 'the server is stopping', hint: 'come back in a moment' },
  SPOOL_FULL: {
    status: 507,
    says: 'there is no room to keep the request body: {detail}',
    hint: 'operators: free or enlarge --spool-dir, or raise --spool-limit',
  },

  // An answer that went wrong in the application or its worker.
  APP_RAISED: { status: 500, says: 'the application raised {detail}', hint: 'see the traceback in the log' },
  APP_HEADER_INVALID: {
    status: 500,
    says: 'the application set an invalid header: {detail}',
    hint: 'header names are tokens; no CR, LF or NUL anywhere (RFC 9110 §5)',
  },
  APP_HEADER_HOP_BY_HOP: {
    status: 500,
    says: 'the application set the hop-by-hop header {detail}',
    hint: 'leave it out (PEP 3333), or take --strict-headers away',
  },
  APP_STATUS_INVALID: {
    status: 500,
    says: 'the application set an invalid status: {detail}',
    hint: 'a status is three digits from 200 to 599, a space, a reason',
  },
  APP_BODY_TYPE: {
    status: 500,
    says: 'the application gave a body that is not bytes: {detail}',
    hint: 'encode text first (PEP 3333)',
  },
  APP_NO_START_RESPONSE: {
    status: 500,
    says: 'the application did not call start_response',
    hint: 'call it before the first chunk of the body (PEP 3333)',
  },
  APP_START_RESPONSE_TWICE: {
    status: 500,
    says: 'the application called start_response twice',
    hint: 'the second call needs exc_info (PEP 3333)',
  },
  REQUEST_BODY_BROKEN: {
    status: 400,
    says: 'the request body ended before it was whole',
    hint: 'send all of it',
  },
  REQUEST_BODY_LOST: {
    status: 500,
    says: 'the kept request body cannot be read: {detail}',
    hint: 'look at --spool-dir: was it emptied?',
  },
  ANSWER_BROKEN: {
    status: 502,
    says: 'the answer broke off: {detail}',
    hint: 'look at the spool folder, and at whether files shrink while they are sent',
  },
  WORKER_DIED: {
    status: 502,
    says: 'the worker died while it ran the request: {detail}',
    hint: 'see the log for its end',
  },
  REQUEST_TIMEOUT: {
    status: 504,
    says: 'the application did not begin its answer within {limit}',
    hint: 'operators: the log has its stack; raise --timeout if it may take so long',
  },
  STREAM_TIMEOUT: {
    status: 504,
    says: 'the application sent nothing more of its answer for {limit}',
    hint: 'operators: the log has its stack; raise --stream-timeout if it may be silent for so long',
  },
  WORKER_REPLY_INVALID: {
    status: 502,
    says: 'the worker sent something that is not a frame: {detail}',
    hint: 'report this as a bug',
  },

  // The application can't be started.
  APP_SPEC_INVALID: {
    exit: 4,
    says: 'cannot read {detail} as an application',
    hint: 'write MODULE, MODULE:NAME, MODULE:FACTORY("x", key=1) or PATH.py[:NAME]',
  },
  APP_NOT_NAMED: {
    exit: 4,
    says: 'no application was named, and none was found in {detail}',
    hint: 'name one: dram MODULE:NAME',
  },
  APP_NOT_FOUND: { exit: 4, says: 'cannot find {detail}', hint: 'check MODULE:NAME, --chdir and --pythonpath' },
  APP_ATTRIBUTE_MISSING: { exit: 4, says: '{detail}', hint: 'name the application: MODULE:NAME' },
  APP_NOT_CALLABLE: {
    exit: 4,
    says: '{detail} is not callable',
    hint: 'a WSGI application is called with (environ, start_response)',
  },
  APP_IS_ASGI: {
    exit: 4,
    says: '{detail} is an ASGI application',
    hint: 'this server speaks WSGI: wrap it, or name the WSGI application',
  },
  APP_IMPORT_FAILED: { exit: 4, says: 'the application failed to load: {detail}', hint: 'see the traceback' },
  GEVENT_MISSING: { exit: 4, says: '{detail}', hint: 'pip install gevent, or leave --greenlets out' },
  APP_BOOT_TIMEOUT: {
    exit: 4,
    says: 'the application was not ready within {limit}',
    hint: 'look for work at import time, or raise --boot-timeout',
  },
  APP_CRASH_LOOP: { exit: 4, says: 'workers die before they are ready: {detail}', hint: 'see the lines above' },

  PASTE_MISSING: {
    exit: 4,
    says: '{detail} has no PasteDeploy',
    hint: 'install it: pip install PasteDeploy, or name another Python with --python',
  },
  APP_NOT_IMPORTABLE: {
    exit: 1,
    says: 'dram.serve() was given an application that the workers cannot import: {detail}',
    hint: 'make it a global of a module, or name what makes it: dram waitress-serve MODULE:FUNCTION()',
  },
  SERVE_IN_THREAD: {
    exit: 1,
    says: 'dram.serve() was called in a thread, but takes the place of the whole program',
    hint: 'start the server as a process of its own: dram waitress-serve MODULE:OBJECT',
  },
  PROGRAM_NOT_FOUND: {
    exit: 1,
    says: 'the Python package dram does not find the server: {detail}',
    hint: 'put dram on PATH, or name it in the variable DRAM',
  },

  CHDIR_FAILED: { exit: 4, says: 'cannot change to the folder {detail}', hint: 'check --chdir and its rights' },
  FORK_FAILED: {
    exit: 70,
    says: 'the system refused a process: {detail}',
    hint: 'look at ulimit -u, the memory, and the limits of the control group',
  },

  // A connection that comes to nothing: there is no way to answer.
  TLS_HANDSHAKE_FAILED: {
    says: 'the TLS handshake failed: {detail}',
    hint: 'compare what the client speaks with --tls-min, --ciphers and --ca-certs',
  },
  TLS_HANDSHAKE_TIMEOUT: {
    says: 'the TLS handshake was not through within {limit}',
    hint: 'raise --handshake-timeout if clients are that slow',
  },

  // The server can't be started.
  USAGE: { exit: 2, says: '{detail}', hint: 'see dram --help' },
  DIALECT_USAGE: { exit: 1, says: '{detail}', hint: 'see its --help' },
  SETTING_UNKNOWN: { exit: 2, says: 'there is no setting {detail}', hint: 'see dram serve --help' },
  SETTING_INVALID: { exit: 2, says: '{detail}', hint: 'see dram serve --help' },
  SETTING_REFUSED: { exit: 2, says: '{detail}', hint: 'leave it out' },
  SETTINGS_FILE: { exit: 2, says: 'cannot read the settings file: {detail}', hint: 'it is TOML: name = value' },
  CONFIG_FAILED: { exit: 2, says: 'the configuration file failed: {detail}', hint: 'see the traceback' },
  HOOK_INVALID: { exit: 2, says: '{detail}', hint: 'see docs/hooks.md for what each hook is called with' },
  HOOK_FAILED: { exit: 4, says: 'a hook of the configuration failed: {detail}', hint: 'see the traceback' },
  KEEPER_LOST: {
    exit: 3,
    says: 'the process that runs the configuration file is gone: {detail}',
    hint: 'look for what ends it: os._exit, a signal, a lack of memory',
  },
  PASTE_FILE: { exit: 2, says: 'cannot read the file of PasteDeploy: {detail}', hint: 'check the path and the line' },
  PASTE_SERVER: {
    exit: 2,
    says: 'a server that is not known here: {detail}',
    hint: 'write use = egg:dram#main, egg:waitress#main or egg:gunicorn#main, or serve the application alone: --paste',
  },
  CHECK_FAILED: { exit: 1, says: '{detail}', hint: 'see the lines above' },
  FOLDER_MISSING: { exit: 2, says: 'there is no folder {detail}', hint: 'check --chdir' },
  PYTHON_NOT_FOUND: {
    exit: 3,
    says: 'no Python was found: tried {detail}',
    hint: 'install Python 3.9 or newer, or name one with --python',
  },
  PYTHON_TOO_OLD: {
    exit: 3,
    says: '{detail} is too old',
    hint: 'Python 3.9 or newer is needed: name one with --python',
  },
  PYTHON_BROKEN: { exit: 3, says: '{detail} does not run', hint: 'try it by hand, or name another with --python' },
  BIND_INVALID: {
    exit: 2,
    says: 'cannot read {detail} as an address',
    hint: 'write HOST:PORT, [V6]:PORT, :PORT, unix:PATH or fd://N; before a host may stand http:// or https://',
  },
  BIND_IN_USE: {
    exit: 5,
    says: 'the address {detail} is in use',
    hint: 'stop what listens there, or choose another address',
  },
  BIND_FORBIDDEN: {
    exit: 5,
    says: 'the address {detail} is not allowed to this user',
    hint: 'use a port from 1024 up, or grant the right',
  },
  BIND_FAILED: { exit: 5, says: 'cannot listen on {detail}', hint: 'check the address and that the host has it' },
  CERTIFICATE_MISSING: {
    exit: 2,
    says: '{detail}',
    hint: 'name a certificate with --certfile, and its key with --keyfile',
  },
  CERTIFICATE_UNREADABLE: {
    exit: 5,
    says: 'cannot read {detail}',
    hint: 'check the path, and that the user who starts the server may read the file',
  },
  CERTIFICATE_INVALID: {
    exit: 5,
    says: '{detail}',
    hint: 'a PEM file is wanted: text with -----BEGIN CERTIFICATE-----, the chain behind the certificate',
  },
  KEY_INVALID: { exit: 5, says: '{detail}', hint: 'a PEM file is wanted: text with -----BEGIN PRIVATE KEY-----' },
  KEY_MISMATCH: {
    exit: 5,
    says: 'the key in {key} does not belong to the first certificate in {certificate}',
    hint: 'name the two files that were made together; in a chain the own certificate comes first',
  },
  KEY_PASSWORD: {
    exit: 5,
    says: '{detail}',
    hint: 'say where its password is with --key-password file:PATH or env:NAME',
  },
  CIPHERS_INVALID: {
    exit: 2,
    says: 'OpenSSL can make nothing of --ciphers {detail}',
    hint: 'see which there are with: openssl ciphers -v',
  },
  USER_UNKNOWN: { exit: 5, says: 'there is no {detail}', hint: 'check --user and --group' },
  USER_FORBIDDEN: {
    exit: 5,
    says: 'cannot become {detail}',
    hint: 'only root may change the user: start as root, or leave --user and --group out',
  },
  PIDFILE: { exit: 5, says: 'cannot use the pid file: {detail}', hint: 'check --pidfile, its folder and its rights' },
  DAEMON_LOGS: {
    exit: 2,
    says: 'a daemon has no terminal to write its log to',
    hint: 'name a file with --log-file',
  },
  DAEMON_FAILED: { exit: 1, says: 'the daemon did not start: {detail}', hint: 'see the lines above and its log' },
  UPGRADE_REFUSED: {
    exit: 6,
    says: 'the server cannot be replaced: {detail}',
    hint: 'restart it, or reload it: dram reload',
  },
  UPGRADE_FAILED: { exit: 6, says: 'the new server did not start: {detail}', hint: 'the old one goes on; see its log' },
  RELOAD_FAILED: {
    exit: 6,
    says: 'the reload failed: {detail}',
    hint: 'the old generation goes on serving; mend it and reload again',
  },
  RELOAD_CANCELLED: { exit: 6, says: 'the reload was cut short: {detail}', hint: 'see the log' },

  // A command that asks a running server.
  SERVER_NOT_FOUND: {
    exit: 7,
    says: 'no running server was found{detail}',
    hint: 'start one, or say where its runtime folder is: --runtime-dir',
  },
  SERVER_AMBIGUOUS: {
    exit: 7,
    says: 'several servers run here: {detail}',
    hint: 'choose one with --pid PID or --name NAME',
  },
  SERVER_SILENT: {
    exit: 7,
    says: 'the server does not answer on its control socket: {detail}',
    hint: 'is it yours? its socket is for its own user alone',
  },
  CONTROL_REQUEST: { status: 400, exit: 7, says: '{detail}', hint: 'see docs/control.md' },
  CONTROL_UNKNOWN: { status: 404, exit: 7, says: 'the control API has no {detail}', hint: 'see docs/control.md' },
  CONTROL_METHOD: { status: 405, exit: 7, says: '{detail}', hint: 'see docs/control.md' },
  WORKER_UNKNOWN: { status: 404, exit: 7, says: 'there is no worker {detail}', hint: 'see dram status' },
  RUNTIME_FOLDER: { exit: 5, says: 'cannot use the runtime folder: {detail}', hint: 'name another with --runtime-dir' },
  SPOOL_FOLDER: { exit: 5, says: 'cannot use the spool folder: {detail}', hint: 'name another with --spool-dir' },
  LOG_FILE: { exit: 5, says: 'cannot write the log {detail}', hint: 'check the folder and its rights' },
  FRONT_FAILED: {
    exit: 5,
    says: 'a front cannot begin: {detail}',
    hint: 'leave --fronts at 1, and report this as a bug',
  },
  INTERNAL: {
    status: 500,
    exit: 70,
    says: 'dram failed: {detail}',
    hint: 'report this as a bug, with the lines above',
  },
} as const satisfies Record<string, FaultRow>

export type FaultCode = keyof typeof FAULTS
