import { verdictTables } from '../page.ts'
import { GUNICORN } from './table.ts'

const INTRODUCTION = `# Gunicorn's settings

This page is printed from the table (\`src/cli/dialects/gunicorn/table.ts\`) by \`npm run docs\`; a test holds the table against the registry of the installed Gunicorn.

\`dram gunicorn [OPTIONS] [APP]\` takes the command line, the configuration file, the variables and the defaults of Gunicorn 27. Each of its ${GUNICORN.length} settings has one of four verdicts:

- **same**: it means here what it means there
- **mapped**: something of dram's own does its work; what, stands in the last column
- **accepted**: it has no meaning here; a warning says why, if it is set to something else than its default
- **refused**: the server does not start, and says what to do instead, if it is set to something else than its default

The sources, weakest first:

1. Gunicorn's defaults. \`PORT\`, \`WEB_CONCURRENCY\`, \`FORWARDED_ALLOW_IPS\` of the environment change those of \`bind\`, \`workers\`, \`forwarded_allow_ips\`
2. a \`dram.toml\`, only if \`DRAM_CONFIG\` names it
3. the variables \`DRAM_*\`: so everything that [settings.md](settings.md) lists can be set beside what Gunicorn knows
4. the configuration file: that of \`-c\`, else that of a \`-c\` in \`GUNICORN_CMD_ARGS\`, else \`gunicorn.conf.py\` of the folder of the start. Python runs it, again at each reload. A name in it that is no setting, but like one, is warned of
5. \`GUNICORN_CMD_ARGS\`
6. the command line

\`--print-config\` shows what they come to, \`--check-config\` loads the application too and ends with 0 or 1, \`--explain\` prints a \`dram.toml\` that does the same. Which Python runs it: that of \`DRAM_PYTHON\`, else of the active virtual environment, else of \`.venv\` or \`venv\` beside the application, else \`python3\`.

## What none of the settings says

- What Gunicorn has no setting for has dram's default, but for bodies, which have no largest size, and forwarding headers, of which only those of the scheme count. \`DRAM_*\` and \`DRAM_CONFIG\` reach all of it
- An idle connection holds no worker, so connections are kept alive with sync, too, for \`keepalive\` seconds. A request waits in one queue for the first worker that is free, 30 seconds at most (\`DRAM_QUEUE_TIMEOUT\`), and gets 503 then
- Bodies are taken in whole before a worker is bothered (\`DRAM_STREAM_REQUESTS=true\`: as they come)
- Answers carry \`Server: dram\` and \`X-Request-ID\`, unless \`DRAM_SERVER_HEADER=gunicorn\`, \`DRAM_REQUEST_ID_HEADER=off\`
- Sockets that a service manager passes on (LISTEN_FDS) are the only ones it listens on, whatever \`bind\` says, as there
- Words after APP count for nothing, as there, but with a warning
- What \`pserve\` serves with \`use = egg:gunicorn#main\` is served by \`dram production.ini\` ([waitress.md](waitress.md#from-a-file-of-pastedeploy)); \`--paste\` takes the application alone
- A reload reads all sources again; \`bind\`, \`user\` and others that count only after a restart are named in a warning then ([settings.md](settings.md))

## Exit codes

As Gunicorn's: 0; 1 for bad settings and for what can't be opened; 2 for a command line that can't be read; 3 when the application fails to load, or a hook raises at the start; 4 when the loaded module has no such application. Not as Gunicorn's: a worker that fails to load at a reload ends nothing, the old workers serve on. A stop ends with 0, also where a second signal makes it quick.
`

/** docs/gunicorn.md */
export function gunicornPage(): string {
  return `${INTRODUCTION}\n${verdictTables(GUNICORN)}`
}
