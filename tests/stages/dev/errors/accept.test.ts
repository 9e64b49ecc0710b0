import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { formFor } from '../../../../src/dev/errors/accept.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

for (const [accept, form] of [
  ['', 'text'],
  ['*/*', 'text'],
  [BROWSER, 'html'],
  ['text/html', 'html'],
  ['TEXT/HTML;charset=utf-8', 'html'],
  ['application/json', 'json'],
  ['application/json, text/plain, */*', 'json'],
  ['application/json, text/javascript, */*; q=0.01', 'json'],
  ['text/html, */*', 'html'],
  ['*/*, application/json', 'json'],
  ['text/*', 'text'],
  ['text/html;q=0.5, application/json;q=0.9', 'json'],
  ['text/html;q=0.9, application/json;q=0.9', 'html'],
  ['application/json;q=0, */*', 'text'],
  ['text/plain;q=0, */*;q=0.5', 'json'],
  ['text/plain;q=0.1, */*;q=0.5', 'json'],
  ['text/html;q=0', 'text'],
  ['image/avif,image/webp,*/*;q=0.8', 'text'],
  ['image/png', 'text'],
  ['text/html;q=7, application/json', 'json'],
  [',;q=1, /, text, nonsense', 'text'],
] as const)
  test(`${accept || 'no Accept'}: ${form}`, () => equal(formFor(accept === '' ? [] : [accept]), form))

test('several lines are one', () => equal(formFor(['text/plain;q=0.1', 'text/html']), 'html'))
