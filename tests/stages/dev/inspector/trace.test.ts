import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Call } from '../../../../src/dev/inspector/trace.ts'

const LIBRARY = '  File "/v/lib/python3.11/site-packages/flask/app.py", line 7, in run\n    return self.run()\n'
const OWN = '  File "/shop/shop.py", line 3, in cart\n    total()\n'

test('a traceback has the frames of the application, and one line for those of a library', () => {
  const call = new Call()
  call.tell(JSON.stringify([{ what: 'raised', at: 1, text: `${LIBRARY}${LIBRARY}${OWN}ValueError: x\n` }]))
  equal(call.recorded(0, 'shop:app').raised, `  … 2 frames in flask\n${OWN}ValueError: x\n`)
})
