import { match } from 'node:assert/strict'
import { test } from 'node:test'
import { devMarkdown } from '../../../bench/dev/report.ts'

test('a row for each server, with the ratio of ours to it', () => {
  const text = devMarkdown({
    began: '2026-11-30T12:00:00.000Z',
    machine: { cores: '2' },
    versions: { dram: '0.1.0' },
    rows: [
      { name: 'dram dev', app: 'flask', timesMs: [100, 120, 90] },
      { name: 'flask run --debug', app: 'flask', timesMs: [200, 400, 300] },
      { name: 'dram dev', app: 'django', timesMs: [50] },
      { name: 'manage.py runserver', app: 'django', timesMs: [500] },
    ],
  })
  match(text, /^# .*, 2026-11-30\n/)
  match(text, /\| flask \| dram dev \| 3 \| 100 \(90–120\) \| {2}\|/)
  match(text, /\| flask \| flask run --debug \| 3 \| 300 \(200–400\) \| 0\.33 \(0\.30–0\.50\) \|/)
  match(text, /\| django \| manage\.py runserver \| 1 \| 500 \(500–500\) \| 0\.10 \(0\.10–0\.10\) \|/)
})
