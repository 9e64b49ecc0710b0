import { gift, refused, same } from '../../verdict.ts'
import { integer, toggle } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'

/** The longest request line we take, and the longest that Gunicorn can be told to bound. */
const LEAST_LINE = 64
const LONGEST_LINE = 32_000
const LONGEST_LIMIT = 8190
const MOST_HEADERS = 10_000
const MOST_HEADER_BYTES = 1024 * 1024
/** Gunicorn counts them, we don't. */
const CRLF_BYTES = 2
const LEAST_HEADER_BYTES = 1024

export const LIMITS: readonly GunicornRow[] = [
  ...section('Security', {
    limit_request_line: {
      kind: integer,
      flags: '--limit-request-line',
      metavar: 'INT',
      default: 4094,
      help: 'The longest request line in bytes, 8190 at most. 0: unlimited.',
      verdict: same('`--max-request-line`; unlimited is 32000 bytes', (value) => {
        const limit = value as number
        return [
          gift(
            'maxRequestLineBytes',
            limit === 0 ? LONGEST_LINE : Math.min(Math.max(limit, LEAST_LINE), LONGEST_LIMIT),
          ),
        ]
      }),
    },
    limit_request_fields: {
      kind: integer,
      flags: '--limit-request-fields',
      metavar: 'INT',
      default: 100,
      help: 'The most header lines of a request.',
      verdict: same('`--max-headers`; 0 and more than 10000 are 10000', (value) => [
        gift('maxHeaders', Math.min((value as number) || MOST_HEADERS, MOST_HEADERS)),
      ]),
    },
    limit_request_field_size: {
      kind: integer,
      flags: '--limit-request-field_size',
      metavar: 'INT',
      default: 8190,
      help: 'The longest header line in bytes. 0: unlimited.',
      verdict: same(
        '`--max-header-line`, and `--max-header-size`: what limit_request_fields such lines come to, from 1 KiB to 1 MiB',
        (value, all) => {
          const bytes = ((all.limit_request_fields as number) || MOST_HEADERS) * ((value as number) + CRLF_BYTES)
          const within = Math.min(Math.max(bytes, LEAST_HEADER_BYTES), MOST_HEADER_BYTES)
          const line = value === 0 ? 0 : Math.min(Math.max(1, (value as number) - CRLF_BYTES), MOST_HEADER_BYTES)
          return [gift('maxHeaderLineBytes', line), gift('maxHeaderBytes', value === 0 ? MOST_HEADER_BYTES : within)]
        },
      ),
    },
  }),
  ...section('Server Mechanics', {
    permit_obsolete_folding: {
      kind: toggle,
      flags: '--permit-obsolete-folding',
      default: false,
      help: 'Take header lines that are folded over several.',
      verdict: refused(
        'mend the client: RFC 9112 §5.2 has servers refuse folded lines, which hide one header in another',
      ),
    },
    strip_header_spaces: {
      kind: toggle,
      flags: '--strip-header-spaces',
      default: false,
      help: 'Take spaces between a header name and its colon.',
      verdict: refused(
        'mend the client: RFC 9112 §5.1 has servers refuse them, for proxies differ in what they see there',
      ),
    },
    permit_unconventional_http_method: {
      kind: toggle,
      flags: '--permit-unconventional-http-method',
      default: false,
      help: 'Take methods that are lower-case, short, long, or have a # in them.',
      verdict: same('every method that RFC 9110 allows is taken anyway', () => []),
    },
    permit_unconventional_http_version: {
      kind: toggle,
      flags: '--permit-unconventional-http-version',
      default: false,
      help: 'Take versions other than 1.0 and 1.1 in a request line.',
      verdict: refused('mend the client: it is to send HTTP/1.1'),
    },
    casefold_http_method: {
      kind: toggle,
      flags: '--casefold-http-method',
      default: false,
      help: 'Make methods upper-case.',
      verdict: refused(
        'methods differ by case (RFC 9110 §9.1) and the application gets them as they came: let it set REQUEST_METHOD',
      ),
    },
  }),
]
