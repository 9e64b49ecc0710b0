import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { AnswerHead } from '../../../src/events/answer.ts'
import { headText, smallAnswer } from '../../../src/respond/answer.ts'
import { CHUNK_END, chunkStart, LAST_CHUNK } from '../../../src/respond/chunks.ts'
import { type Asked, mayStay, plan } from '../../../src/respond/framing.ts'
import { bytesOf, type Case, loadCases, visible } from '../../kit/cases.ts'

for (const found of loadCases('respond')) {
  test(`${found.name} (${found.where})`, () => {
    const { sent, staysOpen } = answered(found)
    equal(visible(sent), visible(text(found.blocks.sent)))
    equal(staysOpen ? 'open' : 'closed', found.blocks.after)
  })
}

function answered({ blocks }: Case): { sent: string; staysOpen: boolean } {
  const asked = askedOf(blocks.asked!)
  const head = headOf(text(blocks.head))
  if (blocks.whole !== undefined) {
    return { sent: smallAnswer(asked, head, text(blocks.whole), ''), staysOpen: mayStay(asked, head) }
  }
  const planned = plan(asked, head, -1)
  let sent = headText(asked, head, planned, -1, '')
  for (const piece of blocks.pieces!.split('\n').filter((piece) => piece !== '')) {
    if (planned.framing === 'chunked') sent += chunkStart(piece.length) + piece + CHUNK_END
    else if (planned.framing !== 'none') sent += piece
  }
  return { sent: planned.framing === 'chunked' ? sent + LAST_CHUNK : sent, staysOpen: planned.staysOpen }
}

function askedOf(line: string): Asked {
  const [method, version, wish] = line.split(' ')
  return { isHead: method === 'HEAD', minor: version === '1.0' ? 0 : 1, keepAlive: wish === 'keep', mustClose: false }
}

function headOf(head: string): AnswerHead {
  const hasLength = /\r\ncontent-length:/i.test(head)
  return { status: Number(head.slice(0, 3)), head, hasLength, hasDate: false, hasServer: false, wantsClose: false }
}

function text(block: string | undefined): string {
  return bytesOf(block ?? '').toString('latin1')
}
