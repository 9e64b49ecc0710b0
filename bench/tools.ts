import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultPython } from '../tools/pythons.ts'

/** wrk loads; the headers of libev are what bjoern is built with; the plots need letters. */
const DEBIAN = [
  { name: 'wrk', has: () => succeeds('wrk', ['--version'], 1) },
  { name: 'libev-dev', has: () => existsSync('/usr/include/ev.h') },
  { name: 'fonts-dejavu-core', has: () => existsSync('/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf') },
] as const

export interface Tools {
  /** `bin/` of the peers' virtual environment. */
  readonly bin: string
  readonly python: string
  /** Distribution, in lower case → version. */
  readonly versions: ReadonlyMap<string, string>
}

/** Installs what is missing; a peer that can't be installed is only reported. */
export function prepareTools(root: string, say: (line: string) => void): Tools {
  for (const { name, has } of DEBIAN) if (!has()) installFromDebian(name, say)
  if (!DEBIAN[0].has()) throw new Error('wrk is not there: install it (apt-get install wrk)')
  const python = defaultPython()
  const folder = join(root, '.cache', `bench-${python.version}`)
  const bin = join(folder, 'bin')
  if (!existsSync(join(bin, 'pip'))) {
    say(`making a virtual environment in .cache/bench-${python.version}`)
    mkdirSync(folder, { recursive: true })
    execFileSync(python.executable, ['-m', 'venv', folder])
  }
  installPeers(bin, readFileSync(join(root, 'bench/requirements.txt'), 'utf8'), say)
  return { bin, python: `${python.implementation} ${python.version}`, versions: installed(bin) }
}

/** One by one, so that one that can't be built doesn't keep the others out. */
function installPeers(bin: string, requirements: string, say: (line: string) => void): void {
  const versions = installed(bin)
  for (const line of requirements.split('\n')) {
    const [name = '', version = ''] = line.split('==')
    if (line.startsWith('#') || !version || versions.get(name) === version) continue
    say(`installing ${line}`)
    try {
      execFileSync(join(bin, 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', line], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
    } catch {
      say(`${line} can't be installed here`)
    }
  }
}

function installed(bin: string): Map<string, string> {
  const ask =
    'import importlib.metadata as m\nfor d in m.distributions(): print(d.metadata["Name"].lower(), d.version, sep="==")'
  const lines = execFileSync(join(bin, 'python'), ['-c', ask], { encoding: 'utf8' }).trim().split('\n')
  return new Map(lines.map((line) => line.split('==') as [string, string]))
}

function installFromDebian(name: string, say: (line: string) => void): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  say(`installing ${name}`)
  try {
    execFileSync('apt-get', ['update'], { stdio: 'ignore' })
    execFileSync('apt-get', ['install', '--yes', name], { stdio: 'ignore' })
  } catch {
    say(`${name} can't be installed here`)
  }
}

/** Ends with 0 or with the code given: `wrk --version` ends with 1. */
function succeeds(command: string, argv: readonly string[], otherCode: number): boolean {
  try {
    execFileSync(command, argv, { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as { status?: number | null }).status === otherCode
  }
}
