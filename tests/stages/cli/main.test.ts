import { deepEqual, equal, match } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { main } from '../../../src/cli/main.ts'

async function dram(argv: string[], variables: Record<string, string> = {}, columns = 80) {
  let [out, err] = ['', '']
  const code = await main(argv, {
    variables,
    folder: '/nowhere',
    columns,
    out: (text) => (out += text),
    err: (text) => (err += text),
  })
  return { code, out, err }
}

test('--help and --version are answered with success, anywhere', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'))
  for (const argv of [['--version'], ['-V'], ['serve', '--version'], ['app', '-V'], ['settings', '--version']]) {
    const { code, out } = await dram(argv)
    equal(code, 0)
    match(out, new RegExp(`^dram ${version.replaceAll('.', '\\.')} `))
  }
  match((await dram(['--help'])).out, /^Usage: dram \[APP\] \[options\]/)
  match((await dram(['serve', '-h'])).out, /--max-body SIZE.*\n?.*1GiB/)
  match((await dram(['app', '--help'])).out, /^Usage: dram serve/)
  match((await dram(['settings', '--help'])).out, /--json/)
})

test('help keeps to the width of the terminal', async () => {
  for (const columns of [80, 100, 200]) {
    const lines = (await dram(['serve', '--help'], {}, columns)).out.split('\n')
    deepEqual(
      lines.filter((line) => line.length > Math.min(columns, 100)),
      [],
    )
  }
})

test('mistakes end with their exit code, one sentence and a way out, without a stack', async () => {
  const unknown = await dram(['--wokers', '4'])
  deepEqual(unknown, {
    code: 2,
    out: '',
    err: 'dram: SETTING_UNKNOWN: there is no setting --wokers\nhint: did you mean --workers?\n',
  })
  const folder = await dram(['app', '--chdir', '/nowhere/at/all'])
  deepEqual(folder, {
    code: 2,
    out: '',
    err: 'dram: FOLDER_MISSING: there is no folder /nowhere/at/all\nhint: check --chdir\n',
  })
  const command = await dram(['sacle', '3'])
  deepEqual(command, {
    code: 2,
    out: '',
    err: 'dram: USAGE: there are two applications: sacle and 3\nhint: did you mean dram scale? see dram --help\n',
  })
  match((await dram(['mysite', '3'])).err, /\nhint: see dram --help\n$/)
})

test('settings shows values and where they came from', async () => {
  const { out } = await dram(['settings', 'shop:app', '-w', '3'], { DRAM_MAX_BODY: '2MiB' })
  match(out, /^Settings file: none\n/)
  match(out, /^ {2}app +shop:app +command line$/m)
  match(out, /^ {2}workers +3 +command line, -w$/m)
  match(out, /^ {2}max-body +2MiB +variable DRAM_MAX_BODY$/m)
  match(out, /^ {2}threads +1 +default$/m)
})

test('settings as JSON; values of --env stay secret', async () => {
  const { out } = await dram(['settings', '--json', '--env', 'KEY=secret'])
  const rows: { name: string; value: string; from: object }[] = JSON.parse(out).settings
  deepEqual(
    rows.find(({ name }) => name === 'env'),
    { name: 'env', value: 'KEY', from: { kind: 'flag', name: '--env' } },
  )
  equal(out.includes('secret'), false)
})
