import { Drawing, FAINT, INK } from './svg.ts'

/** Stacks as text, the outermost call first, `;` between calls: count of samples, or time. */
export type Folded = ReadonlyMap<string, number>

interface Call {
  readonly name: string
  weight: number
  readonly callees: Map<string, Call>
}

export interface FlameTexts {
  readonly title: string
  readonly note: string
}

const WIDTH = 1200
const ROW = 18
const TOP = 70
const LETTER = 6.4
/** Narrower ones are left out: nobody can read or hit them. */
const LEAST_WIDTH = 0.6

/** A flame graph: width is time, a call stands on its caller, callees from the largest. */
export function flameGraph(folded: Folded, { title, note }: FlameTexts): string {
  const root = treeOf(folded)
  const rows = depthOf(root, WIDTH / Math.max(root.weight, 1))
  const drawing = new Drawing(WIDTH, TOP + rows * ROW + 12)
  drawing.text(16, 30, title, { size: 17, bold: true })
  drawing.text(16, 52, note, { fill: FAINT })
  draw(drawing, root, 0, 0, rows, WIDTH / Math.max(root.weight, 1))
  return drawing.toString()
}

function treeOf(folded: Folded): Call {
  const root: Call = { name: 'all', weight: 0, callees: new Map() }
  for (const [stack, weight] of folded) {
    root.weight += weight
    let call = root
    for (const name of stack.split(';')) {
      let callee = call.callees.get(name)
      if (callee === undefined) {
        callee = { name, weight: 0, callees: new Map() }
        call.callees.set(name, callee)
      }
      callee.weight += weight
      call = callee
    }
  }
  return root
}

function depthOf(call: Call, scale: number): number {
  let deepest = 0
  for (const callee of call.callees.values())
    if (callee.weight * scale >= LEAST_WIDTH) deepest = Math.max(deepest, depthOf(callee, scale))
  return deepest + 1
}

function draw(drawing: Drawing, call: Call, left: number, depth: number, rows: number, scale: number): void {
  const width = call.weight * scale
  const top = TOP + (rows - 1 - depth) * ROW
  drawing.rect(left, top, width - 0.4, ROW - 1, colorOf(call.name))
  const letters = Math.floor((width - 6) / LETTER)
  if (letters >= 3) drawing.text(left + 3, top + 13, cut(call.name, letters), { size: 11, fill: INK })
  const callees = [...call.callees.values()].sort((a, b) => b.weight - a.weight)
  let at = left
  for (const callee of callees) {
    if (callee.weight * scale >= LEAST_WIDTH) draw(drawing, callee, at, depth + 1, rows, scale)
    at += callee.weight * scale
  }
}

function cut(name: string, letters: number): string {
  return name.length <= letters ? name : `${name.slice(0, letters - 1)}…`
}

/** The same name has the same colour in every picture: warm ones, as such pictures have them. */
function colorOf(name: string): string {
  let hash = 0
  for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0
  return `hsl(${18 + (hash % 36)} 85% ${68 + (hash % 5) * 4}%)`
}
