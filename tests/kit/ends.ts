import { after, type TestContext } from 'node:test'

/** Where a thing is given back: a test's context, or the whole file. */
export type Scope = Pick<TestContext, 'after'>

/** The whole file as a scope. */
export const fileScope: Scope = { after: (end) => after(end as () => Promise<void>) }

type End = () => unknown

const ends = new WeakMap<Scope, End[]>()

/**
 * Has `end` run when the scope ends: what was begun last ends first (a server before the folder that it runs in), and
 * all of it whatever fails, else what is left would keep the file from ending. The first error fails the test.
 * Hooks of node:test do neither.
 */
export function atEnd(scope: Scope, end: End): void {
  const known = ends.get(scope)
  if (known) {
    known.push(end)
    return
  }
  const own = [end]
  ends.set(scope, own)
  scope.after(async () => {
    const errors: unknown[] = []
    for (let last = own.pop(); last; last = own.pop())
      try {
        await last()
      } catch (error) {
        errors.push(error)
      }
    if (errors.length > 0) throw errors[0]
  })
}
