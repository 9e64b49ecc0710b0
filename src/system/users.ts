import { userInfo } from 'node:os'
import { Fault } from '../faults/fault.ts'

/** Whom to become. */
export interface Identity {
  readonly uid: number
  readonly gid: number
  /** As the system knows the user; null: it has no entry for it, and so no further groups. */
  readonly name: string | null
}

/** initgroups(3), which the type declarations lack. */
interface Initgroups {
  initgroups(user: string, group: number): void
}

/**
 * Who `--user` and `--group` are, names or numbers; null: who we are already.
 * Faults: USER_UNKNOWN; USER_FORBIDDEN where we may not become them.
 */
export function identityOf(user: string | null, group: string | null): Identity | null {
  const own = { uid: process.geteuid!(), gid: process.getegid!() }
  if (user === null && group === null) return null
  const known = user === null ? { ...own, name: null } : userOf(user, own.uid)
  const gid = group === null ? known.gid : groupOf(group, own.gid)
  if (gid === null) throw new Fault('USER_UNKNOWN', { detail: `first group of user ${user}: name one with --group` })
  if (known.uid === own.uid && gid === own.gid) return null
  if (own.uid !== 0) throw new Fault('USER_FORBIDDEN', { detail: wanted(user, group) })
  return { uid: known.uid, gid, name: known.name }
}

/** Becomes them for good. `withGroups`: with all further groups of the user. Faults: USER_FORBIDDEN. */
export function become({ uid, gid, name }: Identity, withGroups: boolean): void {
  try {
    if (withGroups && name !== null) (process as NodeJS.Process & Initgroups).initgroups(name, gid)
    else process.setgroups!([gid])
    process.setgid!(gid)
    process.setuid!(uid)
  } catch (error) {
    throw new Fault('USER_FORBIDDEN', { detail: `user ${name ?? uid} (${(error as Error).message})` })
  }
}

/** Node has no call for a user's entry but for the user that one is: so we are it for a moment. */
function userOf(user: string, own: number): { uid: number; gid: number | null; name: string | null } {
  try {
    process.seteuid!(nameOrNumber(user))
  } catch (error) {
    throw faultOf(error, `user ${user}`)
  }
  try {
    const entry = entryOrNull()
    return { uid: process.geteuid!(), gid: entry?.gid ?? null, name: entry?.username ?? null }
  } finally {
    process.seteuid!(own)
  }
}

function groupOf(group: string, own: number): number {
  try {
    process.setegid!(nameOrNumber(group))
  } catch (error) {
    throw faultOf(error, `group ${group}`)
  }
  try {
    return process.getegid!()
  } finally {
    process.setegid!(own)
  }
}

function nameOrNumber(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text
}

function faultOf(error: unknown, who: string): Fault {
  const isUnknown = (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_CREDENTIAL'
  return new Fault(isUnknown ? 'USER_UNKNOWN' : 'USER_FORBIDDEN', { detail: who })
}

function entryOrNull(): { gid: number; username: string } | null {
  try {
    return userInfo()
  } catch {
    return null
  }
}

function wanted(user: string | null, group: string | null): string {
  return [user === null ? [] : `user ${user}`, group === null ? [] : `group ${group}`].flat().join(', ')
}
