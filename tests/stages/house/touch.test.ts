import { equal } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { wasTouched, watchTouches } from '../../../src/house/touch.ts'
import { atEnd } from '../../kit/ends.ts'

const MISSING = { ino: 0, mtimeMs: 0 }

test('a touch, a replacement and a return count; going away does not', () => {
  const before = { ino: 7, mtimeMs: 5 }
  equal(wasTouched(before, before), false)
  equal(wasTouched({ ino: 7, mtimeMs: 6 }, before), true)
  equal(wasTouched({ ino: 7, mtimeMs: 4 }, before), true)
  equal(wasTouched({ ino: 8, mtimeMs: 5 }, before), true)
  equal(wasTouched(MISSING, before), false)
  equal(wasTouched(MISSING, MISSING), false)
  equal(wasTouched(before, MISSING), true)
  equal(wasTouched({ ino: 7, mtimeMs: 0 }, MISSING), true)
})

test('a file is watched, also one that isn’t there yet', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dram-touch-'))
  atEnd(t, () => rmSync(folder, { recursive: true }))
  const path = join(folder, 'reload')
  const touched = await new Promise((resolve) => {
    atEnd(t, watchTouches([path], resolve, 5))
    // Again and again: the watch begins at some later moment, and what was before it doesn't count.
    const timer = setInterval(() => writeFileSync(path, ''), 20)
    atEnd(t, () => clearInterval(timer))
  })
  equal(touched, path)
})
