import { deepEqual, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Imports point down: a folder may import those of the rows above its own, and itself; never its siblings. */
const LAYERS = [
  ['kit'],
  ['faults'],
  ['events'],
  ['settings'],
  ['system'],
  ['listen', 'parse', 'route', 'dispatch', 'worker', 'respond', 'observe', 'spool', 'files'],
  ['server', 'supervisor'],
  ['fronts'],
  ['control', 'dev'],
  ['house'],
  ['cli'],
]

/** No I/O, no clock of their own: what comes in are bytes and times, what goes out are facts. */
const PURE = ['kit/', 'faults/', 'events/', 'parse/', 'route/', 'dispatch/', 'respond/', 'worker/codec.ts']

/** The only files that may import what reaches the system. */
const DOORS = [
  'cli/explain/errand.ts',
  'cli/explain/files.ts',
  'fronts/front.ts',
  'fronts/fronts.ts',
  'fronts/thread.ts',
  'fronts/twins.ts',
  'house/certificates.ts',
  'house/daemon.ts',
  'house/disk.ts',
  'house/frontThread.ts',
  'house/hangup.ts',
  'house/heap.ts',
  'house/keeper.ts',
  'house/machine.ts',
  'house/offspring.ts',
  'house/pythonFault.ts',
  'house/run.ts',
  'house/signalDesk.ts',
  'house/touch.ts',
  'house/version.ts',
  'dev/assets.ts',
  'dev/browser/reload.ts',
  'dev/bytecode.ts',
  'dev/guard.ts',
  'dev/imports.ts',
  'dev/inspector/sender.ts',
  'dev/https/certificate.ts',
  'dev/https/local.ts',
  'dev/keyboard.ts',
  'dev/lending.ts',
  'dev/ownOutput.ts',
  'dev/port.ts',
  'dev/screen.ts',
  'dev/stamps.ts',
  'dev/warmth/warmZygote.ts',
  'dev/warmth/warmth.ts',
  'control/admin.ts',
  'control/client.ts',
  'control/find.ts',
  'control/httpAnswer.ts',
  'control/serverFile.ts',
  'control/socket.ts',
  'files/handedFile.ts',
  'listen/acceptor.ts',
  'listen/descriptors.ts',
  'listen/handed.ts',
  'listen/inherited.ts',
  'listen/listener.ts',
  'listen/netClient.ts',
  'listen/sendQueue.ts',
  'listen/sharedRead.ts',
  'listen/socketFile.ts',
  'listen/tcp.ts',
  'listen/tls/certificate.ts',
  'listen/tls/read.ts',
  'listen/tls/secure.ts',
  'listen/tls/tlsClient.ts',
  'listen/unix.ts',
  'listen/writeNow.ts',
  'observe/sink.ts',
  'observe/statsdSender.ts',
  'observe/syslogSender.ts',
  'settings/readTextFile.ts',
  'spool/folder.ts',
  'spool/spool.ts',
  'spool/spoolFile.ts',
  'supervisor/crew.ts',
  'supervisor/dump.ts',
  'supervisor/folder.ts',
  'supervisor/forker.ts',
  'supervisor/template.ts',
  'system/pidfile.ts',
  'system/memory.ts',
  'system/privateFolder.ts',
  'system/processes.ts',
  'system/users.ts',
  'supervisor/output.ts',
  'supervisor/interpreter.ts',
  'supervisor/zygote.ts',
  'worker/link.ts',
  'worker/page.ts',
  'worker/table.ts',
]

/** Built-in modules that reach nothing. */
const HARMLESS = ['node:buffer', 'node:path', 'node:url', 'node:util']
const HARMLESS_TO_PURE = ['node:buffer']

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  chokidar: ['dev/watcher.ts'],
  'smol-toml': ['settings/file.ts'],
}

/** Where a clock or the process would come in past the arguments. */
const AMBIENT = /\b(?:process\.\w|Date\.now\(|performance\.|setTimeout\(|setInterval\(|setImmediate\(|Math\.random\()/

const SOURCES = fileURLToPath(new URL('../../../src/', import.meta.url))

interface Import {
  readonly file: string
  readonly names: string
  readonly from: string
}

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const imports = files.flatMap(importsOf)

function sourceOf(file: string): string {
  return readFileSync(join(SOURCES, file), 'utf8')
}

/** Without its comments, as near as a check of words needs it. */
function codeOf(file: string): string {
  return sourceOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
}

/** `import type`, `export … from` and `import()` count too. */
function importsOf(file: string): Import[] {
  const source = sourceOf(file)
  const found = [
    ...source.matchAll(/^(?:import|export)\s+([\w\s{},*$]+?)\s+from\s+'([^']+)'/gm),
    ...source.matchAll(/^()import\s+'([^']+)'/gm),
    ...source.matchAll(/()\bimport\(\s*'([^']+)'/g),
  ]
  return found.map(([, names, from]) => ({ file, names: names!.replace(/^type\s+/, ''), from: from! }))
}

const folderOf = (file: string): string => file.split('/')[0]!
const isPure = (file: string): boolean => PURE.some((part) => file.startsWith(part))
const shown = ({ file, names, from }: Import): string => `${file}: ${names} from ${from}`
const isBuiltIn = ({ from }: Import): boolean => from.startsWith('node:')
const isRelative = ({ from }: Import): boolean => from.startsWith('.')
/** `isIP` looks at a text and nothing else. */
const isText = ({ from, names }: Import): boolean => from === 'node:net' && /^\{\s*isIP(?:v[46])?\s*\}$/.test(names)

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder))
}

test('the check sees imports', () => {
  ok(files.length > 20 && imports.length > 50)
})

test('every folder has its place', () => {
  deepEqual(
    [...new Set(files.map(folderOf))].filter((folder) => layerOf(folder) < 0),
    [],
  )
})

test('imports point down', () => {
  const wrong = imports.filter(isRelative).filter(({ file, from }) => {
    const target = normalize(join(dirname(file), from))
    if (folderOf(target) === folderOf(file)) return false
    return target.startsWith('..') || layerOf(folderOf(target)) >= layerOf(folderOf(file))
  })
  deepEqual(wrong.map(shown), [])
})

test('pure code imports nothing that reaches the system, and takes the clock as an argument', () => {
  const wrong = imports.filter((each) => isPure(each.file) && isBuiltIn(each) && !isText(each))
  deepEqual(wrong.filter(({ from }) => !HARMLESS_TO_PURE.includes(from)).map(shown), [])
  const ambient = files.filter((file) => isPure(file) && file !== 'kit/clock.ts' && AMBIENT.test(codeOf(file)))
  deepEqual(ambient, [])
})

test('the system is reached through doors only', () => {
  const reaching = imports.filter((each) => isBuiltIn(each) && !HARMLESS.includes(each.from) && !isText(each))
  deepEqual(reaching.filter(({ file }) => !DOORS.includes(file)).map(shown), [])
  const used = new Set(reaching.map(({ file }) => file))
  deepEqual(
    DOORS.filter((door) => !used.has(door)),
    [],
    'doors that are none any more',
  )
})

test('a package is imported where it is said to be', () => {
  const wrong = imports.filter(
    (each) => !isRelative(each) && !isBuiltIn(each) && !PACKAGES[each.from]?.includes(each.file),
  )
  deepEqual(wrong.map(shown), [])
})
