/** @import { EnvironEntry, Journey, ParseRecord } from '../../src/dev/inspector/journey.ts' */
/** @import { StageName } from './stages.js' */
import { facts, h, roving } from './dom.js'
import { sourcesOf } from './link.js'
import { ruleUrl } from './rules.js'

/** A rule with a link to its text, or several, joined by `; `. @param {string} text */
export function rule(text) {
  const rules = text.split('; ').map((one) => {
    const url = ruleUrl(one)
    return url === null
      ? one
      : h(
          'a',
          { class: 'rule', href: url, target: '_blank', rel: 'noreferrer' },
          one.replace(', environ Variables', ''),
        )
  })
  return h('span', { class: 'rule' }, ...rules.flatMap((one, at) => (at === 0 ? [one] : ['; ', one])))
}

/** What was decided at a stage. @param {Journey} journey @param {StageName} stage */
export function decisions({ decisions: all }, stage) {
  const those = all.filter((one) => one.stage === stage)
  if (those.length === 0) return null
  return facts(
    those.map(({ what, result, because }) => [
      what,
      h('span', {}, result, because !== '' && h('small', {}, rule(because))),
    ]),
  )
}

/** The head as it was read, or why it was not. @param {ParseRecord} parse */
export function parsedHead({ head, refusal }) {
  return h(
    'div',
    {},
    refusal !== null && refused(refusal),
    head !== null &&
      facts([
        ['Method', h('span', { data: { sources: 'method' } }, head.method)],
        ['Target', h('span', { data: { sources: 'path|query' } }, head.target)],
        ['Version', h('span', { data: { sources: 'version' } }, `HTTP/${head.version}`)],
      ]),
    head !== null &&
      h(
        'dl',
        { class: 'fields' },
        ...head.fields.map(({ name, value }) =>
          h('div', { data: { sources: `field ${name}` } }, h('dt', {}, name), h('dd', {}, value)),
        ),
      ),
  )
}

/** @param {NonNullable<ParseRecord['refusal']>} refusal */
function refused({ code, says, hint, rule: because, atByte }) {
  return h(
    'div',
    { class: 'alert' },
    h('h4', {}, atByte === null ? 'Refused' : `Refused at byte ${atByte}`),
    h('p', {}, `${says[0]?.toUpperCase() ?? ''}${says.slice(1)}.`),
    h('p', {}, hint),
    h('p', { class: 'small' }, h('code', {}, code), ' ', rule(because)),
  )
}

/** Keys of environ by what they are. @type {readonly (readonly [title: string, holds: (key: string) => boolean])[]} */
const GROUPS = [
  ['Variables of CGI', (key) => /^[A-Z]/.test(key) && !key.startsWith('HTTP_')],
  ['Header fields', (key) => key.startsWith('HTTP_')],
  ['WSGI', (key) => key.startsWith('wsgi.')],
  ['More', () => true],
]

/** The order in which PEP 3333 has them. */
const ORDER = [
  'REQUEST_METHOD',
  'SCRIPT_NAME',
  'PATH_INFO',
  'QUERY_STRING',
  'CONTENT_TYPE',
  'CONTENT_LENGTH',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
]

/** @param {EnvironEntry} entry */
const placeOf = ({ key }) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length)

/** environ, each key with its origin and what asks for it. @param {readonly EnvironEntry[]} environ */
export function environList(environ) {
  const left = new Set(environ.toSorted((one, other) => placeOf(one) - placeOf(other)))
  const groups = GROUPS.map(([title, holds]) => {
    const those = [...left].filter(({ key }) => holds(key))
    for (const one of those) left.delete(one)
    return { title, those }
  }).filter(({ those }) => those.length > 0)
  const section = h(
    'div',
    { class: 'environ' },
    h('h4', {}, `environ: ${environ.length} keys`),
    ...groups.flatMap(({ title, those }) => [h('h5', {}, title), h('dl', {}, ...those.map(entryRow))]),
  )
  roving(section, '.key')
  return section
}

/** @param {EnvironEntry} entry */
function entryRow(entry) {
  const sources = sourcesOf(entry)
  return h(
    'div',
    { class: 'key', data: sources === '' ? {} : { sources } },
    h('dt', {}, entry.key),
    h('dd', {}, h('code', {}, entry.value)),
    h('dd', { class: 'from' }, entry.from, entry.from !== '' && entry.rule !== '' && ' · ', rule(entry.rule)),
  )
}
