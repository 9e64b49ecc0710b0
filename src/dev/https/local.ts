import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { homedir, hostname, networkInterfaces, platform } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../../faults/fault.ts'
import { makeParents } from '../../system/privateFolder.ts'
import { isPrivate, makeAuthority, makeCertificate, type Pair } from './certificate.ts'

/** A certificate for `dram dev --https`, as files. */
export interface LocalCertificate {
  readonly certfile: string
  readonly keyfile: string
  /** The authority's certificate, to be trusted by browsers once; null: mkcert has seen to that. */
  readonly authority: string | null
}

/** What is asked of the system. */
export interface Doors {
  readonly nowMs: number
  readonly variables: Readonly<Record<string, string | undefined>>
}

const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3_650
const CERTIFICATE_DAYS = 30
/** One that ends so soon is made anew: a server may run for some days. */
const LEAST_DAYS = 15
/** Clocks of other machines may be late. */
const EARLY_DAYS = 1
const LOOPBACK = ['localhost', '127.0.0.1', '::1'] as const
/** Names that are nobody's in public (RFC 2606, RFC 6762, RFC 9476's kin), for an authority to sign. */
const OWN_NAMES = ['localhost', 'local', 'test', 'internal'] as const

/**
 * The certificate for these hosts. It is kept, with the authority that has signed it, in the user's data folder, and
 * made anew where it is about to end. Where mkcert is installed, with an authority that browsers trust, that one signs.
 * @param hosts beside those of the loopback
 */
export function localCertificate(hosts: readonly string[], doors: Doors): LocalCertificate {
  const folder = join(dataFolder(doors.variables), 'https')
  makeOwn(folder)
  const all = [...new Set<string>([...LOOPBACK, ...hosts])]
  return byMkcert(folder, all, doors) ?? bySelf(folder, all, doors.nowMs)
}

/** Names and addresses that others in the network know this machine by. */
export function networkHosts(): string[] {
  const name = hostname().toLowerCase()
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
  const outward = addresses.filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
  return [name, ...(name.includes('.') ? [] : [`${name}.local`]), ...outward.map(({ address }) => address)]
}

function bySelf(folder: string, hosts: readonly string[], nowMs: number): LocalCertificate {
  const own = hostname().toLowerCase()
  // A name without a dot may be one that others have theirs below: who calls a machine `dev` has no say in bank.dev.
  const names = [...OWN_NAMES, ...(own.includes('.') ? [own] : [])]
  const authorityPath = join(folder, `authority-${digest(names)}.pem`)
  const name = `dram dev on ${own}`
  const kept = keptPair(authorityPath, nowMs, () => makeAuthority(name, names, validity(nowMs, AUTHORITY_DAYS)))
  const signer = new X509Certificate(kept.certificate)
  const authority = { name, key: createPrivateKey(kept.key) }
  const isNamed = (host: string): boolean => names.some((one) => host === one || host.endsWith(`.${one}`))
  const signable = hosts.filter((host) => (isIP(host) > 0 ? isPrivate(host) : isNamed(host)))
  const path = join(folder, `${digest([signer.fingerprint256, ...signable])}.pem`)
  keptPair(path, nowMs, () => makeCertificate(signable, authority, validity(nowMs, CERTIFICATE_DAYS)))
  return { certfile: path, keyfile: keyOf(path), authority: authorityPath }
}

/** Null: it isn't there, or its authority is not installed. */
function byMkcert(folder: string, hosts: readonly string[], { nowMs, variables }: Doors): LocalCertificate | null {
  const ask = (...args: string[]): string =>
    execFileSync('mkcert', args, { env: { ...variables }, stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' })
  try {
    const root = ask('-CAROOT').trim()
    const authority = readFileSync(join(root, 'rootCA.pem'), 'utf8')
    const path = join(folder, `mkcert-${digest([authority, ...hosts])}.pem`)
    if (!isFresh(path, nowMs)) ask('-cert-file', path, '-key-file', keyOf(path), ...hosts)
    return { certfile: path, keyfile: keyOf(path), authority: null }
  } catch {
    return null
  }
}

/** What stands there, made where it doesn't, or is about to end. */
function keptPair(path: string, nowMs: number, make: () => Pair): Pair {
  if (isFresh(path, nowMs)) return { certificate: readFileSync(path, 'utf8'), key: readFileSync(keyOf(path), 'utf8') }
  const made = make()
  write(keyOf(path), made.key)
  write(path, made.certificate)
  return made
}

function isFresh(path: string, nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(readFileSync(path))
    const hasKey = certificate.checkPrivateKey(createPrivateKey(readFileSync(keyOf(path)))) // two that start at once may mix theirs
    return hasKey && Date.parse(certificate.validTo) - nowMs > LEAST_DAYS * DAY_MS
  } catch {
    return false
  }
}

/** Who could write there could have us trust an authority of theirs, or follow a link of theirs. */
function makeOwn(folder: string): void {
  try {
    makeParents(folder)
    chmodSync(folder, 0o700) // which only its owner may, and root, who may have taken over a home
    const { uid } = statSync(folder)
    if (uid !== process.getuid?.()) throw new Error(`it belongs to another user (${uid})`)
  } catch (error) {
    throw new Fault('CERTIFICATE_UNREADABLE', { detail: `${folder}: ${(error as Error).message}` })
  }
}

/** Another that starts now must not read half of it. */
function write(path: string, content: string): void {
  const draft = `${path}.${process.pid}`
  rmSync(draft, { force: true })
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx' })
  renameSync(draft, path)
}

function validity(nowMs: number, days: number): { from: Date; to: Date } {
  return { from: new Date(nowMs - EARLY_DAYS * DAY_MS), to: new Date(nowMs + days * DAY_MS) }
}

const keyOf = (path: string): string => path.replace(/\.pem$/, '.key')

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
}

/** Where a user's programs keep what they need (XDG Base Directory; on macOS, its own place for that). */
function dataFolder(variables: Doors['variables']): string {
  const { XDG_DATA_HOME: named } = variables
  const usual = platform() === 'darwin' ? 'Library/Application Support' : '.local/share'
  return join(named?.startsWith('/') ? named : join(homedir(), usual), 'dram')
}
