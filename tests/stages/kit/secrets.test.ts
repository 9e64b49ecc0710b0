import { equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isSecretName, shownValue, withoutSecrets } from '../../../src/kit/secrets.ts'

describe('names of secrets', () => {
  const SECRET =
    'PASSWORD DB_PASS db_passwd SECRET_KEY apiKey API-KEY access_token AUTHORIZATION PROXY_AUTH AWS_CREDENTIALS Cookie set-cookie SSH_PRIVATE signature'
  const OPEN = 'HOME PATH LANG DEBUG AUTHOR BYPASS_CACHES COMPASS DATABASE_URL PORT'
  for (const name of SECRET.split(' ')) test(name, () => equal(isSecretName(name), true))
  for (const name of OPEN.split(' ')) test(`${name} is none`, () => equal(isSecretName(name), false))
})

describe('what is shown', () => {
  const CASES: readonly [name: string, value: string, shown: string][] = [
    ['API_TOKEN', 'abc', '***'],
    ['API_TOKEN', '', ''],
    ['DATABASE_URL', 'postgres://ann:s3cret@db/shop', 'postgres://***@db/shop'],
    ['URL', 'redis://:pw@h:1/0', 'redis://***@h:1/0'],
    ['URL', 'https://h/a?token=abc&page=2', 'https://h/a?token=***&page=2'],
    ['URL', 'https://h/@ann', 'https://h/@ann'],
    ['LANG', 'de_DE.UTF-8', 'de_DE.UTF-8'],
  ]
  for (const [name, value, shown] of CASES) test(`${name}=${value}`, () => equal(shownValue(name, value), shown))
})

describe('texts', () => {
  const CASES: readonly [text: string, shown: string][] = [
    ['shop:create_app("prod", password="a b", debug=True)', 'shop:create_app("prod", password=***, debug=True)'],
    ["make(secret_key='x\\'y', n=1)", 'make(secret_key=***, n=1)'],
    ["{'api_key': 'x', 'name': 'y'}", "{'api_key': ***, 'name': 'y'}"],
    ['A=1 DB_PASSWORD=x B=2', 'A=1 DB_PASSWORD=*** B=2'],
    ['Authorization: Bearer abc.def', 'Authorization: ***'],
    ['two URLs http://a:b@h and http://c@i', 'two URLs http://***@h and http://***@i'],
    ['password=secret=x token=y', 'password=*** token=***'],
    ['-http://a:b@h', '-http://***@h'],
    ['nothing to hide: a sentence', 'nothing to hide: a sentence'],
    ['', ''],
  ]
  for (const [text, shown] of CASES) test(text, () => equal(withoutSecrets(text), shown))

  // With the square of its length any of these would take minutes.
  for (const piece of ['a', 'a.', 'a://b', 'a ', 'key="', 'basic ', ' ']) {
    const long = piece.repeat(500_000 / piece.length)
    test(`500 KB of ${JSON.stringify(piece)}`, () => equal(withoutSecrets(`${long} `).length > 0, true))
  }
})
