import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestFacts } from '../../../src/events/worker.ts'
import { QueueWatch } from '../../../src/house/queueWatch.ts'

function facts(target: string, state: RequestFacts['state'], ageMs: number): RequestFacts {
  return { requestId: target, method: 'GET', target, client: '', ageMs, state, worker: null, headers: [] }
}

function watchOver(requests: RequestFacts[], afterMs = 1000) {
  const said: [string, object][] = []
  const house = { nowMs: 0, asked: 0, error: null as Error | null, bugs: [] as unknown[] }
  const watch = new QueueWatch({
    afterMs,
    get queued() {
      return requests.filter(({ state }) => state === 'waiting').length
    },
    nowMs: () => house.nowMs,
    requests: async () => {
      house.asked++
      if (house.error !== null) throw house.error
      return requests
    },
    bug: (error) => house.bugs.push(error),
    warn: (text, fields) => said.push([text, fields]),
  })
  return { watch, said, house }
}

test('it says how many wait, how long, and what the threads do', async () => {
  const { watch, said } = watchOver([
    facts('/a', 'waiting', 2100),
    facts('/b', 'waiting', 100),
    facts('/hangs', 'running', 95_000),
    facts('/slow', 'answering', 400),
  ])
  await watch.look()
  match(
    said[0]![0],
    /^2 requests wait for a thread, the oldest for 2s; the workers run: GET \/hangs \(95s\), GET \/slow \(400ms\)\. dram stacks/,
  )
  deepEqual(said[0]![1], { waiting: 2, oldest_ms: 2100 })
})

test('it says so again only after a while', async () => {
  const { watch, said, house } = watchOver([facts('/a', 'waiting', 2000)])
  for (house.nowMs = 0; house.nowMs < 60_000; house.nowMs += 1000) await watch.look()
  equal(said.length, 2)
  match(said[0]![0], /^1 request waits for a thread, for 2s; no worker is ready/)
})

test('a short wait is none, and where nothing waits or nobody wants to know nothing is asked', async () => {
  const short = watchOver([facts('/a', 'waiting', 900)])
  await short.watch.look()
  const idle = watchOver([facts('/a', 'running', 90_000)])
  await idle.watch.look()
  const off = watchOver([facts('/a', 'waiting', 90_000)], 0)
  await off.watch.look()
  deepEqual([short.said, idle.said, off.said], [[], [], []])
  deepEqual([idle.house.asked, off.house.asked], [0, 0])
})

test('of many that run the longest are shown', async () => {
  const running = Array.from({ length: 20 }, (_, at) => facts(`/${at}`, 'running', at * 1000))
  const { watch, said } = watchOver([facts('/a', 'waiting', 2000), ...running])
  await watch.look()
  match(said[0]![0], /GET \/19 \(19s\), .*GET \/12 \(12s\), 12 more\./)
})

test('a front that fails to answer is told as our mistake, and ends nothing', async () => {
  const { watch, said, house } = watchOver([facts('/a', 'waiting', 2000)])
  house.error = new TypeError('broken')
  await watch.look()
  deepEqual([said, house.bugs], [[], [house.error]])
})
