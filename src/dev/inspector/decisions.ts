import { SAFE_METHODS } from '../../events/request.ts'
import { durationText, sizeText } from '../../kit/units.ts'
import { plan } from '../../respond/framing.ts'
import { REGISTRY, type SettingKey, type Settings } from '../../settings/registry.ts'
import type { Decision } from './journey.ts'
import type { RequestRecord } from './request.ts'

type Told = Omit<Decision, 'stage'> | null

/** What was found out and decided on a request's way, in its order. */
export function decisionsOf(record: RequestRecord): Decision[] {
  const { settings } = record
  if (settings === null) return []
  const facts = { record, settings }
  return STEPS.flatMap(([stage, decide]) => {
    const told = decide(facts)
    return told === null ? [] : [{ stage, ...told }]
  })
}

interface Facts {
  readonly record: RequestRecord
  readonly settings: Settings
}

const STEPS: readonly (readonly [stage: Decision['stage'], decide: (facts: Facts) => Told])[] = [
  ['listen', connection],
  ['listen', tls],
  ['parse', headLimits],
  ['parse', timeLimits],
  ['parse', framing],
  ['parse', bodyLimit],
  ['parse', expectation],
  ['route', peer],
  ['route', client],
  ['route', forwarded],
  ['route', scheme],
  ['route', mount],
  ['dispatch', ownPage],
  ['dispatch', body],
  ['dispatch', pipelining],
  ['dispatch', queue],
  ['dispatch', reload],
  ['worker', worker],
  ['worker', deadline],
  ['respond', answerFraming],
  ['respond', finish],
  ['respond', keepAlive],
]

function connection({ record: { requestNumber } }: Facts): Told {
  if (requestNumber === 1) return { what: 'Connection', result: 'new: its first request', because: '' }
  return { what: 'Connection', result: `kept: its request number ${requestNumber}`, because: 'RFC 9112 §9.3' }
}

function tls({ record: { conversation } }: Facts): Told {
  const { secureFacts } = conversation
  if (secureFacts === null) return null
  return { what: 'TLS', result: `${secureFacts.protocol}, ${secureFacts.cipher}`, because: said('certfile') }
}

function headLimits({ record: { head }, settings }: Facts): Told {
  if (head === null) return null
  const { block } = head
  const lines = `${block.fields.length} of at most ${settings.maxHeaders} header lines`
  const bytes = `${block.raw.length} of at most ${settings.maxHeaderBytes} bytes`
  return { what: 'Head limits', result: `${lines}, ${bytes}`, because: said('maxHeaders', 'maxHeaderBytes') }
}

function timeLimits({ record: { head }, settings: { headTimeoutMs, bodyTimeoutMs } }: Facts): Told {
  if (head === null) return null
  const of = `the head within ${durationText(headTimeoutMs)}`
  if (head.block.framing === 'none') return { what: 'Time limits', result: of, because: said('headTimeoutMs') }
  const result = `${of}, a pause of its body up to ${durationText(bodyTimeoutMs)}`
  return { what: 'Time limits', result, because: said('headTimeoutMs', 'bodyTimeoutMs') }
}

function framing({ record: { head } }: Facts): Told {
  if (head === null) return null
  const { framing, contentLength } = head.block
  const result = { none: 'none', length: `${contentLength} bytes, by Content-Length`, chunked: 'in chunks' }[framing]
  return { what: 'Request body', result, because: 'RFC 9112 §6.3' }
}

function bodyLimit({ record: { head }, settings: { maxBodyBytes } }: Facts): Told {
  if (head === null || head.block.framing === 'none') return null
  const result = maxBodyBytes === 0 ? 'any size' : `at most ${sizeText(maxBodyBytes)}`
  return { what: 'Body limit', result, because: said('maxBodyBytes') }
}

function expectation({ record: { head, continuedAt } }: Facts): Told {
  if (!head?.block.expectsContinue) return null
  const result = continuedAt === null ? 'asked for, not said: the body came, or the answer' : 'asked for, and said'
  return { what: '100 Continue', result, because: 'RFC 9110 §10.1.1' }
}

function peer({ record: { conversation, peer, head }, settings }: Facts): Told {
  if (head === null) return null
  const { policy } = conversation.connected
  const who = peer?.address || 'the peer of a Unix socket'
  const list = settings.trustedProxies.join(', ') || 'nobody'
  const result = policy.trusted ? `${who} is a trusted proxy` : `${who} is no trusted proxy`
  return { what: 'Peer', result, because: `${said('trustedProxies')} ${list}` }
}

function client({ record: { target, peer } }: Facts): Told {
  if (target === null || peer === null) return null
  const isTold = target.address !== peer.address
  const result = target.address === '' ? 'unknown' : target.address
  return { what: 'True client', result, because: isTold ? said('trustedProxies') : 'who connected' }
}

/** Headers that may say who the client is, in lower case. */
const FORWARDING = /^(?:x-forwarded-(?:for|proto|host|port|by|prefix)|forwarded)$/

function forwarded({ record: { head, conversation }, settings }: Facts): Told {
  const sent = [...new Set(head?.block.fields.map(({ name }) => name).filter((name) => FORWARDING.test(name)))]
  if (sent.length === 0) return null
  const { policy } = conversation.connected
  const counts = sent.filter((name) => policy.forwarded.counts.has(name))
  const not = sent.filter((name) => !policy.forwarded.counts.has(name))
  const fate = settings.untrustedForwarded === 'drop' ? 'dropped' : 'not believed'
  const parts = [
    counts.length > 0 ? `${counts.join(', ')}: counted` : '',
    not.length > 0 ? `${not.join(', ')}: ${fate}` : '',
  ]
  const because = policy.trusted ? said('forwardedHeaders') : said('trustedProxies')
  return { what: 'Forwarding headers', result: parts.filter((part) => part !== '').join('; '), because }
}

function scheme({ record: { target, conversation } }: Facts): Told {
  if (target === null) return null
  const { policy } = conversation.connected
  const result = valueIn(target.block, 'wsgi.url_scheme')
  if (result !== policy.urlScheme) return { what: 'Scheme', result, because: said('schemeHeaders', 'forwardedHeaders') }
  return { what: 'Scheme', result, because: policy.secure ? 'the connection has TLS' : said('urlScheme') }
}

function mount({ record: { target, head }, settings }: Facts): Told {
  if (target === null || head === null) return null
  const name = valueIn(target.block, 'SCRIPT_NAME')
  if (name === '') return { what: 'Mount', result: 'at the root', because: said('scriptName') }
  const path = target.path === null ? 'the path is as it came' : `the rest of the path is ${target.path}`
  const because = settings.scriptName === '' ? said('forwardedHeaders') : said('scriptName')
  return { what: 'Mount', result: `${name}: ${path}`, because }
}

function ownPage({ record: { queuedAt, answer, fault } }: Facts): Told {
  if (queuedAt !== null || answer === null || fault !== null) return null
  return { what: 'Answered by', result: 'dram itself: no worker is asked', because: said('healthPaths') }
}

function body({ record: { body }, settings }: Facts): Told {
  if (body === null || body === 'none') return null
  if (body === 'stream') return { what: 'Body', result: 'handed on as it comes', because: said('streamRequests') }
  if (body === 'memory') return { what: 'Body', result: 'taken in whole, in memory', because: said('bodyBufferBytes') }
  const because = `${said('bodyBufferBytes')} ${sizeText(settings.bodyBufferBytes)}`
  return { what: 'Body', result: 'taken in whole, in a file', because }
}

function pipelining({ record: { isPipelined, wasHeldBack, head } }: Facts): Told {
  if (!isPipelined) return null
  const turn = wasHeldBack ? ', and waited for those that send singly' : ''
  const order = SAFE_METHODS.has(head?.method ?? '') ? 'safe ones run side by side' : 'it ran once these were'
  const result = `others of its connection were not answered yet: ${order}${turn}`
  return { what: 'Pipelined', result, because: 'RFC 9112 §9.3.2' }
}

function queue({ record: { queuedAt, sentAt, waitingBefore }, settings }: Facts): Told {
  if (queuedAt === null) return null
  const place = waitingBefore === 0 ? 'nobody waited before it' : `${waitingBefore} waited before it`
  const wait = sentAt === null ? 'it was sent to no worker' : `it waited ${durationOf(sentAt - queuedAt)}`
  const limits = `${said('queue')} ${settings.queue}, ${said('queueTimeoutMs')} ${durationText(settings.queueTimeoutMs)}`
  return { what: 'Queue', result: `${place}; ${wait}`, because: limits }
}

function reload({ record: { wasHeldForReload } }: Facts): Told {
  if (!wasHeldForReload) return null
  return { what: 'Reload', result: 'it waited for the new code', because: 'a file had changed' }
}

function worker({ record: { worker, sendings } }: Facts): Told {
  if (worker === null) return null
  const back = sendings - 1
  const again = back === 0 ? '' : `, after ${back === 1 ? 'one has' : `${back} have`} handed it back`
  const result = `worker ${worker.number}${again}`
  return { what: 'Worker', result, because: 'the least busy one with room' }
}

function deadline({ record: { sentAt }, settings: { timeoutMs } }: Facts): Told {
  if (sentAt === null) return null
  const result = timeoutMs === 0 ? 'none' : `its answer has to begin within ${durationText(timeoutMs)}`
  return { what: 'Deadline', result, because: said('timeoutMs') }
}

function answerFraming({ record: { answer } }: Facts): Told {
  if (answer?.head == null) return null
  const { asked, head, bodyBytes } = answer
  const why = {
    none: asked.isHead ? 'HEAD asks for no body' : `${head.status} has no body`,
    length: head.hasLength ? 'the application gave a Content-Length' : 'the body was whole, so its length is known',
    chunked: 'its length is not known before its end, and the client speaks HTTP/1.1',
    close: "its length is not known before its end, and HTTP/1.0 has no chunks: the connection's end ends it",
  }
  const { framing } = plan(asked, head, bodyBytes)
  const result = { none: 'no body', length: 'by Content-Length', chunked: 'in chunks', close: 'until the end' }[framing]
  return { what: 'Answer body', result: `${result}: ${why[framing]}`, because: 'RFC 9112 §6.3' }
}

function finish({ record: { finish } }: Facts): Told {
  if (finish === 'nothing') return null
  const what = {
    head: 'header lines: what pages are made of is never stale',
    body: 'a script at its end, which reloads it',
  }
  return { what: 'Added to it', result: what[finish], because: 'dram dev' }
}

function keepAlive({ record: { answer, head, fault, isShort }, settings }: Facts): Told {
  if (answer === null) return null
  const what = 'Connection afterwards'
  const { asked } = answer
  const closes = (why: string, because: string): Told => ({ what, result: `closed: ${why}`, because })
  if (head === null || (fault !== null && asked.mustClose))
    return closes('what follows a refusal is not read', 'RFC 9112 §9.6')
  if (isShort) return closes('the body was shorter than its Content-Length', 'RFC 9112 §8')
  if (!asked.keepAlive)
    return closes(asked.minor === 0 ? 'HTTP/1.0 without keep-alive' : 'the client asked for it', 'RFC 9112 §9.3')
  if (answer.head?.wantsClose) return closes('the application asked for it', 'RFC 9112 §9.6')
  if (settings.keepAliveMs === 0) return closes('no connection is kept', `${said('keepAliveMs')} 0`)
  if (asked.mustClose) return closes('it was its last request', 'RFC 9112 §9.6')
  if (answer.head !== null && plan(asked, answer.head, answer.bodyBytes).framing === 'close')
    return closes('only its end tells the end of the body', 'RFC 9112 §6.3')
  return { what, result: 'kept open', because: `${said('keepAliveMs')} ${durationText(settings.keepAliveMs)}` }
}

function said(...keys: readonly SettingKey[]): string {
  return keys.map((key) => REGISTRY[key].flag).join(', ')
}

/** Of the wire's *block*: keys and values, joined by NUL. */
function valueIn(block: string, key: string): string {
  const texts = block.split('\0')
  for (let at = 0; at < texts.length; at += 2) if (texts[at] === key) return texts[at + 1] ?? ''
  return ''
}

function durationOf(ms: number): string {
  return ms < 1 ? 'less than 1 ms' : `${Math.round(ms)} ms`
}
