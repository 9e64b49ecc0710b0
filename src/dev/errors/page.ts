import { relative } from 'node:path'
import type { ErrorReport, ReportedException, ReportedFrame } from '../../faults/report.ts'
import { Html, html } from '../html.ts'
import { isInside } from '../relevance.ts'
import { linkTo } from './editor.ts'
import { foldedText, runsOf } from './folding.ts'
import type { Told, ToldRequest } from './told.ts'

export interface Place {
  /** The application's folder, absolute: paths are shown from there. */
  readonly folder: string
  /** The link that opens an editor, with `{path}` and `{line}`; null: none is known. */
  readonly editor: string | null
  /** Markup that makes a page, the answer to this method, reload itself when something has changed; '': none. */
  reloadTag(method: string): string
  /** Where the way of a request through the server is shown; null: it was not recorded. */
  journeyLink(requestId: string): string | null
}

/** More would be a wall. */
const MOST_OPEN = 8

/** How an exception follows from the one above it. */
const RELATIONS: Readonly<Record<ReportedException['relation'], string>> = {
  raised: '',
  cause: 'It was caused by',
  context: 'It was raised while this was handled',
}

/** For people. Scripts and styles are files of their own (pages/errors/). */
export function asHtml(told: Told, place: Place): string {
  const { method, status, reason, code, trace, report, request } = told
  const [first] = report?.exceptions ?? []
  const title = first === undefined ? `${status} ${reason}` : titleOf(first)
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title.slice(0, 200)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/-/dev/errors.css">
<script src="/-/dev/errors.js" defer></script>
${new Html(place.reloadTag(method))}
<main aria-label="Error">
<header>
<p class="status">${status} ${reason} <code>${code}</code></p>
${first === undefined ? html`<h1>${told.says}</h1>` : headline(first, told)}
${told.hint !== '' && html`<p class="hint">${told.hint}</p>`}
</header>
${report !== null && exceptionsOf(report, place)}
${requestOf(request, report !== null, place)}
${trace !== '' && traceOf(trace)}
</main>
</html>
`.text
}

function titleOf({ type, message }: ReportedException): string {
  return type === '' ? message : `${type.slice(type.lastIndexOf('.') + 1)}: ${message}`
}

function headline(exception: ReportedException, { code, says }: Told): Html {
  return html`${named('h1', exception)}
${code !== 'APP_RAISED' && says !== exception.message && html`<p class="says">${says}</p>`}`
}

function named(tag: 'h1' | 'h2', { type, message, notes }: ReportedException): Html {
  const inner = html`${type !== '' && html`<span class="type">${type}</span> `}<span class="message">${message}</span>`
  const heading = tag === 'h1' ? html`<h1>${inner}</h1>` : html`<h2>${inner}</h2>`
  return html`${heading}${notes.map((note) => html`<p class="note">${note}</p>`)}`
}

function exceptionsOf({ exceptions }: ErrorReport, place: Place): Html {
  return html`${exceptions.map(
    (one, at) => html`<section class="exception" aria-label="${one.type || 'Exception'}">
${at > 0 && html`<p class="relation">${RELATIONS[one.relation]}</p>${named('h2', one)}`}
${syntaxOf(one, place)}${framesOf(one, place)}${membersOf(one, place)}
</section>`,
  )}`
}

function membersOf({ members, omittedMembers }: ReportedException, place: Place): Html | null {
  if (members.length + omittedMembers === 0) return null
  return html`<ol class="members">${members.map(
    (member) => html`<li>${named('h2', member.exceptions[0]!)}${exceptionsOf(member, place)}</li>`,
  )}${omittedMembers > 0 && html`<li>… ${omittedMembers} more</li>`}</ol>`
}

function syntaxOf({ syntax }: ReportedException, place: Place): Html | null {
  if (syntax === null) return null
  const { file, line, start } = syntax
  const end = syntax.end ?? (start === null ? null : start + 1)
  return html`<div class="frame own"><p class="place">${placeOf(file, line, place)}</p>
${sourceOf({ ...syntax, end })}</div>`
}

/** Latest call first: where it was raised is what one looks for. */
function framesOf({ frames, omitted, syntax }: ReportedException, place: Place): Html | null {
  if (frames.length === 0) return null
  const latestFirst = [...frames].reverse()
  const gapAt = omitted === null ? -1 : frames.length - omitted[0]
  const inner = latestFirst.find(({ own }) => own) ?? (syntax === null ? latestFirst[0]! : null)
  const opens = firstOfPlaces()
  const runs = runsOf([...latestFirst.entries()], ([at, { own }]) => `${own} ${at < gapAt}`)
  const shown = runs.map((run) => {
    const inside = run.map(([, frame]) => frameOf(frame, place, opens(frame) || frame === inner, frame === inner))
    const gap = run[0]![0] === gapAt && html`<p class="gap">… ${omitted![1]} more frames</p>`
    const isShown = run.some(([, frame]) => frame.own || frame === inner)
    return html`${gap}${
      isShown
        ? inside
        : foldedRun(
            run.map(([, frame]) => frame),
            inside,
          )
    }`
  })
  return html`<p class="order">${frames.length > 1 && 'Latest call first'}</p><div class="frames">${shown}</div>`
}

/** Which frames of the application are open: the latest ones, and no place twice, as in a recursion. */
function firstOfPlaces(): (frame: ReportedFrame) => boolean {
  const seen = new Set<string>()
  return ({ own, file, line }) => {
    const name = `${file}:${line}`
    if (!own || seen.has(name) || seen.size === MOST_OPEN) return false
    seen.add(name)
    return true
  }
}

function foldedRun(frames: readonly ReportedFrame[], inside: readonly Html[]): Html {
  const text = foldedText(frames.map(({ file }) => file))
  return html`<details class="folded"><summary>${text}</summary>${inside}</details>`
}

function frameOf(frame: ReportedFrame, place: Place, isOpen: boolean, showsLocals: boolean): Html {
  const { file, line, own } = frame
  return html`<details class="${own ? 'frame own' : 'frame'}"${isOpen && html` open`}>
<summary><code class="function">${frame.function}</code> <span class="place">${placeOf(file, line, place)}</span></summary>
${sourceOf(frame)}
${localsOf(frame, showsLocals)}</details>
`
}

function sourceOf({ source, line, start, end }: Pick<ReportedFrame, 'source' | 'line' | 'start' | 'end'>): Html | null {
  if (source === null) return null
  const numbered = source.lines.map((text, at) => ({ number: source.first + at, text }))
  const written = numbered.filter(({ number, text }) => number === line || text.trim() !== '')
  const lines = numbered
    .filter(({ number }) => number >= written[0]!.number && number <= written.at(-1)!.number)
    .map(({ number, text }) => {
      const runs = number === line
      return sourceLine(number, text, runs, runs ? start : null, runs ? end : null)
    })
  return html`<pre class="source" tabindex="0">${lines}</pre>`
}

function localsOf({ locals }: ReportedFrame, isOpen: boolean): Html | null {
  if (locals === null || locals.length === 0) return null
  const rows = locals.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)
  return html`<details class="locals"${isOpen && html` open`}><summary>Locals</summary><table>${rows}</table></details>`
}

function sourceLine(number: number, text: string, runs: boolean, start: number | null, end: number | null): Html {
  // Marked is a part of the line; all of it needs no mark.
  const isPart = start !== null && end !== null && start < end && text.slice(start, end).trim() !== text.trim()
  const code = isPart
    ? html`${text.slice(0, start)}<mark>${text.slice(start, end) || ' '}</mark>${text.slice(end)}`
    : html`${text}`
  return html`<span class="${runs ? 'line runs' : 'line'}"><span class="number">${number}</span><code>${code}</code></span>`
}

function placeOf(file: string, line: number, { folder, editor }: Place): Html {
  const path = file.startsWith('/') && isInside(folder, file) ? relative(folder, file) : file
  const text = `${path}:${line}`
  const link = linkTo(editor, file, line)
  if (link !== null) return html`<a href="${link}" title="Open in the editor">${text}</a>`
  return html`<span>${text}</span> <button type="button" class="copy" data-copy="${file}:${line}" hidden>Copy</button>`
}

function requestOf(request: ToldRequest | null, hasReport: boolean, place: Place): Html {
  if (request === null)
    return html`<p class="closed">Open the link that <code>dram dev</code> printed at its start once in this browser: then this page shows the request${hasReport && ' and local variables'}, too. It counts for the name that is in it: <code>localhost</code> and <code>127.0.0.1</code> are two.</p>`
  const { method, target, client, requestId, pid, headers } = request
  const journey = place.journeyLink(requestId)
  const facts = [
    ['client', client],
    ['request id', requestId],
    ['worker', pid === null ? '' : `process ${pid}`],
  ].filter(([, value]) => value !== '')
  const row = ([name, value]: readonly (string | undefined)[]): Html =>
    html`<tr><th scope="row">${name!}</th><td>${value!}</td></tr>`
  return html`<section class="request" aria-label="The request"><h2>The request</h2>
<p class="target"><code>${method} ${target}</code></p>
<table>${headers.map(row)}</table>
<table>${facts.map(row)}</table>
${journey !== null && html`<p><a href="${journey}">Its way through the server</a></p>`}
</section>`
}

function traceOf(trace: string): Html {
  return html`<details class="trace"><summary>The whole traceback as text</summary>
<button type="button" class="copy" data-copy-from="trace" hidden>Copy</button>
<pre id="trace" tabindex="0">${trace.trimEnd()}</pre></details>`
}
