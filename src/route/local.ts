import type { HeaderBlock } from '../events/request.ts'

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/
/** What a browser on this machine calls it; any other name that leads here may be a stranger's (DNS rebinding). */
const OWN_NAMES = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i
/** Whoever passes requests on says so, as a rule; a tunnel comes from the loopback address as well. */
const PASSED_ON: ReadonlySet<string> = new Set(
  'forwarded via x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip cf-connecting-ip true-client-ip'.split(
    ' ',
  ),
)

/** Does a request come from a program on this machine that meant to speak to this machine? */
export function isLocal(peerAddress: string, { host, fields }: Pick<HeaderBlock, 'host' | 'fields'>): boolean {
  return LOOPBACK.test(peerAddress) && OWN_NAMES.test(host) && !fields.some(({ name }) => PASSED_ON.has(name))
}
