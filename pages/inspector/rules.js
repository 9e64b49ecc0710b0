/** Where the text of a rule is read. Sections of RFCs have their number in the address. */
const PEP = 'https://peps.python.org/pep-3333/'
const RFC = 'https://www.rfc-editor.org/rfc/rfc'

/** Parts of PEP 3333 by words that a rule names them with. @type {readonly (readonly [words: RegExp, anchor: string])[]} */
const PARTS = [
  [/application/i, 'the-application-framework-side'],
  [/close/i, 'specification-details'],
  [/input and error/i, 'input-and-error-streams'],
  [/environ/i, 'environ-variables'],
  [/exc_info|error handling/i, 'error-handling'],
  [/start_response/i, 'the-start-response-callable'],
  [/content-length/i, 'handling-the-content-length-header'],
  [/write/i, 'the-write-callable'],
  [/buffering|streaming/i, 'buffering-and-streaming'],
  [/unicode/i, 'unicode-issues'],
  [/url/i, 'url-reconstruction'],
  [/file/i, 'optional-platform-specific-file-handling'],
]

/** The address of a rule ("RFC 9112 §5.1", "PEP 3333, environ Variables"); null: none is known. @param {string} rule */
export function ruleUrl(rule) {
  const [, rfc, section] = /RFC\s*(\d+)(?:[^\d§]*§?\s*([\d.]*\d))?/i.exec(rule) ?? []
  if (rfc !== undefined) return `${RFC}${rfc}${section === undefined ? '' : `#section-${section}`}`
  if (!/PEP\s*3333/i.test(rule)) return null
  const part = PARTS.find(([words]) => words.test(rule))
  return part === undefined ? PEP : `${PEP}#${part[1]}`
}
