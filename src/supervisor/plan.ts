import type { Generation } from './generation.ts'
import { isServing, isStaying, type Member } from './member.ts'

/**
 * How many workers a generation is to be asked for now.
 *
 * @param wanted how many are to stay
 * @param atOnce how many may be booting at one time
 */
export function toFork(generation: Generation, members: readonly Member[], wanted: number, atOnce: number): number {
  if (generation.needsCandidate) return 1
  if (generation.stage !== 'open') return 0
  const staying = members.filter((member) => member.generation === generation && isStaying(member))
  const booting = staying.filter(({ state }) => state === 'booting').length + generation.pending.size
  const missing = wanted - staying.length - generation.pending.size
  return Math.max(0, Math.min(missing, atOnce - booting))
}

/** Those that are to leave and can be spared, because as many serve as are wanted: the oldest first. */
export function spared(members: readonly Member[], wanted: number): Member[] {
  const serving = members.filter(isServing)
  const leaving = serving.filter(({ end }) => end !== null).sort((a, b) => a.number - b.number)
  return leaving.slice(0, Math.max(0, serving.length - wanted))
}

/** Those of the current generation that are more than is wanted: what boots first, then the newest. */
export function surplus(generation: Generation, members: readonly Member[], wanted: number): Member[] {
  const staying = members.filter(
    (member) => member.generation === generation && isStaying(member) && member.number !== generation.candidate,
  )
  const rank = (member: Member) => (member.state === 'booting' ? 0 : 1)
  return staying.sort((a, b) => rank(a) - rank(b) || b.number - a.number).slice(0, Math.max(0, staying.length - wanted))
}
