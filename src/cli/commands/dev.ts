import type { LocalCertificate } from '../../dev/https/local.ts'
import { versionLine } from '../../house/version.ts'
import { readArguments } from '../../settings/arguments.ts'
import { type Given, isDefault } from '../../settings/given.ts'
import { type Loaded, strengthened } from '../../settings/load.ts'
import { REGISTRY, type SettingKey } from '../../settings/registry.ts'
import { commonHelp, paragraph } from '../help.ts'
import { twoColumns } from '../text.ts'
import { serveWatched } from '../watched.ts'
import { COMMON_SWITCHES, type Command, type World } from './command.ts'
import { sourceOf } from './serve.ts'

const FIRST_PORT = 8000
const SWITCHES = {
  ...COMMON_SWITCHES,
  '--open': '--open',
  '--https': '--https',
  '--no-browser-reload': '--no-browser-reload',
} as const
/** Those that are reached from this machine alone. */
const LOOPBACK = /^(?:https?:\/\/)?(?:localhost|127\.|\[?::1\]?)/
/** What differs from `dram serve` where nothing else is asked for. */
const DEFAULTS: readonly (readonly [key: SettingKey, word: string])[] = [
  ['workers', '1'],
  ['threads', '8'], // a request to itself must not wait for itself
  ['preload', 'never'],
  ['bootTimeoutMs', '1h'],
  ['timeoutMs', '0'], // who looks at a request in a debugger takes their time
  ['gracefulTimeoutMs', '1s'], // an open event stream is no reason to wait with the new code
  ['accessLog', '-'],
  ['accessLogFormat', 'brief'],
  ['logFormat', 'brief'],
  ['logLevel', 'warning'],
  ['exposeErrors', 'true'],
  ['exposeErrorsTo', 'local'],
]

export const dev: Command = {
  usage: 'dev [APP] [options]',
  summary: 'Serve while you develop: reloads when a file changes, shows errors.',

  help: (columns) => `Usage: dram dev [APP] [--open] [--https] [--no-browser-reload] [--watch PATTERN]
                [options of dram serve]

${paragraph(`${REGISTRY.app.help} ${REGISTRY.app.why}`, columns)}

${paragraph('The application is loaded anew when a file that it has imported changes, a template below its folder, or .env, or what --watch names; requests wait until it is there. Where it fails to load, every request gets the error until a change mends it. Tracebacks are shown to this machine alone.', columns)}

${paragraph('The Inspector, whose link it prints, shows each request as it went through the server. Keys do the rest: r loads anew, o opens the browser, i the Inspector, q ends. breakpoint() gets the terminal.', columns)}

${twoColumns(
  [
    ['  --watch PATTERN', 'Load anew after changes of these files, too: config/*.yml, data/**.'],
    ['  --open', 'Open the browser.'],
    ['  --https', 'Serve with a certificate of this machine, made where no --certfile is given.'],
    ['  --no-browser-reload', 'Add nothing to pages that would reload them after a change.'],
  ],
  32,
  columns,
)}

${paragraph('All options of dram serve count. Where nothing is said, one worker with 8 threads and without a time limit serves 127.0.0.1:8000, or the next port that is free.', columns)}

Other:
${commonHelp()}
`,

  async run(argv, world) {
    const { given, switches } = readArguments(argv, SWITCHES)
    if (switches.has('--help')) world.out(dev.help(world.columns))
    else if (switches.has('--version')) world.out(versionLine())
    else return serve(given, world, switches)
    return 0
  },
}

async function serve(given: readonly Given[], world: World, switches: ReadonlySet<string>): Promise<number> {
  const { freePort } = await import('../../dev/port.ts')
  const source = sourceOf(given, world)
  const port = await freePort(FIRST_PORT)
  const first = developed(await source.read(), port)
  const certificate = switches.has('--https') ? await certificateFor(first, world) : null
  const read = async (): Promise<Loaded> => secured(developed(await source.read(), port), certificate)
  const loaded = secured(first, certificate)
  if (port !== FIRST_PORT && loaded.settings.bind.includes(`127.0.0.1:${port}`))
    world.out(`port ${FIRST_PORT} is taken\n`)
  return serveWatched(loaded, read, world, source.keeper, {
    files: [],
    shows: true,
    authority: certificate?.authority ?? null,
    opens: switches.has('--open'),
    reloadsBrowser: !switches.has('--no-browser-reload'),
  })
}

/** Null: there is one. */
async function certificateFor({ settings }: Loaded, { variables }: World): Promise<LocalCertificate | null> {
  if (settings.certfile !== null || settings.keyfile !== null) return null
  const { localCertificate, networkHosts } = await import('../../dev/https/local.ts')
  const isOpen = settings.bind.some((address) => !LOOPBACK.test(address))
  return localCertificate(isOpen ? networkHosts() : [], { nowMs: Date.now(), variables })
}

function secured(loaded: Loaded, certificate: LocalCertificate | null): Loaded {
  if (certificate === null) return loaded
  return unlessSaid(loaded, [
    ['certfile', certificate.certfile],
    ['keyfile', certificate.keyfile],
  ])
}

/** Settings for who develops. */
function developed(loaded: Loaded, port: number): Loaded {
  return unlessSaid(loaded, [...DEFAULTS, ['bind', `127.0.0.1:${port}`]])
}

/** Settings that nobody has said otherwise. */
function unlessSaid(loaded: Loaded, settings: readonly (readonly [key: SettingKey, word: string])[]): Loaded {
  const wanted = settings.filter(([key]) => isDefault(loaded.origins[key]))
  const origin = { kind: 'dialect', server: 'dram dev', source: '', name: '' } as const
  const given = wanted.map(([key, word]): Given => ({ key, words: [word], off: false, origin }))
  return strengthened(loaded, given)
}
