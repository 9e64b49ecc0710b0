/** What Python writes between the exceptions of a chain. */
const BETWEEN =
  /(\n\n(?:During handling of the above exception, another exception occurred|The above exception was the direct cause of the following exception):\n\n)/
const COUNT = /\u2026 \d+ frames?/g

/**
 * A chain of exceptions with those left out that only say again what the one before them says: a framework whose page
 * for errors fails for the same reason, again and again. `trace`: with its foreign frames folded already.
 */
export function withoutEchoes(trace: string): string {
  const [first = '', ...rest] = trace.split(BETWEEN)
  let text = first
  let last = first
  let echoes = 0
  for (let at = 0; at < rest.length; at += 2) {
    const [between, next] = [rest[at]!, rest[at + 1]!]
    if (essence(next) === essence(last)) echoes++
    else {
      text += echoText(echoes) + between + next
      echoes = 0
    }
    last = next
  }
  return text + echoText(echoes)
}

/** Through how many frames of others it came makes no difference. */
function essence(exception: string): string {
  return exception.trim().replace(COUNT, '…')
}

function echoText(times: number): string {
  if (times === 0) return ''
  return `\n\n… and the same ${times === 1 ? 'once more' : `${times} times more`}, while that was handled`
}
