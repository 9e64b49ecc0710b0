import { verdictTables } from '../page.ts'
import { ADJUSTMENTS } from './adjustments.ts'

const INTRODUCTION = `# Waitress's adjustments

This page is printed from the table (\`src/cli/dialects/waitress/adjustments.ts\`) by \`npm run docs\`; a test holds the table against the list of the installed Waitress.

\`dram waitress-serve [OPTS] MODULE:OBJECT\` takes the command line, the defaults and the meanings of Waitress 3. Each of its ${ADJUSTMENTS.length} adjustments has one of these verdicts:

- **same**: it means here what it means there
- **mapped**: something of dram's own does its work; what, stands in the last column
- **accepted**: it has no meaning here; a warning says why, if it is set to something else than its default

The command line is read as getopt reads it: options stand before the application, any beginning that only one option has will do, \`--listen\` adds up, of all others the last counts. \`MODULE:OBJECT\` may be \`MODULE:OBJECT.ATTRIBUTE\` or all dotted, \`--call\` calls it, and the working folder comes last among the folders that modules are found in. Whatever keeps it from starting ends it with 1. Variables of platforms (\`PORT\`, \`WEB_CONCURRENCY\`) are not read, as there, and a \`dram.toml\` only if \`DRAM_CONFIG\` names it.

The variables \`DRAM_*\` are stronger than Waitress's defaults and weaker than its options, so everything that [settings.md](settings.md) lists is within reach: \`DRAM_WORKERS=4 DRAM_ACCESS_LOG=- dram waitress-serve …\`. Which Python runs the application: that of \`DRAM_PYTHON\`, else of the active virtual environment, else of \`.venv\` or \`venv\` beside the application, else \`python3\`.

Beside the adjustments these defaults hold: one worker; no limit of how long a request runs (\`DRAM_TIMEOUT\`), none for practical ends of how long it waits for a thread (24 h, \`DRAM_QUEUE_TIMEOUT\`), but a warning in the log after one second that says how many wait and what the threads do (\`DRAM_QUEUE_WARNING\`); up to 10,000 header lines. What an application finds in its environ: \`REMOTE_HOST\`, \`waitress.client_disconnected\`, and what [decisions/0004](decisions/0004-forwarded-headers.md) and 0017 say of trusted proxies. Moving over is in [moving-from-waitress.md](moving-from-waitress.md).

## From Python

\`\`\`python
import dram

if __name__ == "__main__":
    dram.serve(app, listen="*:8080", threads=8)
\`\`\`

in place of \`waitress.serve(app, …)\`; the keyword arguments are the adjustments below, and an unknown one raises ValueError. \`python myapp.py\` finds the package by \`PYTHONPATH=$(dram python-path)\`, or after \`pip install $(dram python-path)\`. It looks for the server beside itself, on \`PATH\`, or where the variable \`DRAM\` says. \`python -m dram waitress-serve …\` stands for \`python -m waitress …\`.

The program becomes the server: dram takes its place, with its pid, so nothing behind \`serve()\` runs, and it can't be called in a thread (SERVE_IN_THREAD; why: [decisions/0022](decisions/0022-a-program-that-serves-itself.md)). The application is imported again in the workers, from the module that has it or from the program's own file; there \`serve()\` does nothing, and \`sys.argv\` holds no arguments. One that is made on the spot can't be (APP_NOT_IMPORTABLE): make it a global, or name the function that makes it, \`dram waitress-serve --call myapp:create_app\`.

## From a file of PasteDeploy

\`dram production.ini\` (or \`production.ini#NAME\` for \`[app:NAME]\`) serves what \`pserve production.ini\` did. Its \`[server:main]\` is read in the meaning of the server it was written for: \`use = egg:waitress#main\`, \`egg:gunicorn#main\`, or \`egg:dram#main\`, whose keys are those of \`dram.toml\`. \`KEY=VALUE\` behind the file (or \`--paste-global KEY=VALUE\`) says what stands there as \`%(KEY)s\`, \`--paste FILE\` takes the application alone. Its logging is set up as pserve does. \`dram dev production.ini\` stands for \`pserve --reload\`. \`pserve\` itself can start dram: \`use = egg:dram#main\`, after \`pip install $(dram python-path)\`.
`

/** docs/waitress.md */
export function waitressPage(): string {
  return `${INTRODUCTION}\n${verdictTables(ADJUSTMENTS)}`
}
