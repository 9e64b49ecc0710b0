import type { Given } from '../../../settings/given.ts'
import type { Variables } from '../../../settings/variables.ts'
import { withoutEndSlash } from '../words.ts'
import { origin } from './row.ts'
import { signals } from './workerClass.ts'

/** What holds under Gunicorn though none of its settings says it. */
export function besides(variables: Variables, isDaemon: boolean): Given[] {
  const deeds = { key: 'signals', words: signals(isDaemon), off: false, origin: origin('', 'what signals do') } as const
  return [...ALWAYS, deeds, ...readScriptName(variables)]
}

const ALWAYS: readonly Given[] = [
  { key: 'logFormat', words: ['classic'], off: false, origin: origin('', 'the look of its log') },
  { key: 'maxBodyBytes', words: ['0'], off: false, origin: origin('', 'no limit of bodies') },
  // Its scheme headers alone count: the address, host and port of X-Forwarded-* and Forwarded are for the application's
  // own middleware (werkzeug's ProxyFix, say), which would take away a second proxy's word if we had done it before.
  { key: 'forwardedHeaders', words: [], off: true, origin: origin('', 'X-Forwarded-* as they come') },
  { key: 'scriptNameMismatch', words: ['refuse'], off: false, origin: origin('', 'SCRIPT_NAME') },
]

/** The variable that Gunicorn reads at each request. */
function readScriptName({ SCRIPT_NAME: prefix }: Variables): Given[] {
  if (!prefix) return []
  const from = { kind: 'variable', name: 'SCRIPT_NAME' } as const
  return [{ key: 'scriptName', words: [withoutEndSlash(prefix)], off: false, origin: from }]
}
