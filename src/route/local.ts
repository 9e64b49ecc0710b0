import type { RequestHead } from '../events/request.ts'
import type { Peer } from './route.ts'

/** Of `Peer.pairs`, where a proxy has told who the peer is (PROXY protocol): whatever address it names may be the proxy's own. */
export const PROXY_KEY = 'PROXY_PROTOCOL'

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/
/** What a browser on this machine calls it; any other name that leads here may be a stranger's (DNS rebinding). */
const OWN_NAMES = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i
/** Whoever passes requests on says so, as a rule; a tunnel comes from the loopback address as well. */
const PASSED_ON =
  /^(?:forwarded|via|cdn-loop|x-forwarded.*|x-original-(?:host|forwarded-for)|x-real-ip|x-envoy-.*|(?:[a-z]+-)*(?:client|connecting)-ip)$/

interface AskedHead extends Pick<RequestHead, 'minor'> {
  readonly block: Pick<RequestHead['block'], 'host' | 'fields'>
}

/**
 * Does a request come from a program on this machine that meant to speak to this machine? HTTP/1.0 is what proxies speak
 * that say nothing of themselves (nginx, where nothing is configured); browsers don't, nor does curl.
 */
export function isLocal(peer: Pick<Peer, 'address' | 'pairs'>, head: AskedHead): boolean {
  const { host, fields } = head.block
  return (
    LOOPBACK.test(peer.address) &&
    !peer.pairs.includes(`\0${PROXY_KEY}\0`) &&
    head.minor > 0 &&
    OWN_NAMES.test(host) &&
    !fields.some(({ name }) => PASSED_ON.test(name.replaceAll('_', '-')))
  )
}
