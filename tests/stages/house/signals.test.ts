import { deepEqual, equal } from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { SignalDesk } from '../../../src/house/signalDesk.ts'
import { deedsOf, SIGNALS } from '../../../src/house/signals.ts'

function desk(hasTerminal = () => false) {
  const source = new EventEmitter()
  const told: string[] = []
  const owner = {
    obey: (deed: string, signal: string, number: number) => told.push(`${deed} ${signal} ${number}`),
    ignored: (signal: string, phase: string) => told.push(`ignored ${signal} ${phase}`),
  }
  return { source, told, owner, desk: new SignalDesk(source, hasTerminal) }
}

test('every signal of the table does its deed while the server serves', () => {
  const { source, told, owner, desk: one } = desk()
  one.serve(owner)
  one.enter('serving')
  for (const signal of Object.keys(SIGNALS)) source.emit(signal)
  deepEqual(
    told.map((line) => line.split(' ').slice(0, 2).join(' ')),
    Object.entries(SIGNALS).map(([signal, { deed }]) => `${deed} ${signal}`),
  )
  equal(told[0], 'stop SIGTERM 15')
})

test('while it starts, stops are obeyed at once, others once it serves, each once', () => {
  const { source, told, owner, desk: one } = desk()
  source.emit('SIGHUP') // nobody is there yet to obey
  one.serve(owner)
  source.emit('SIGHUP')
  source.emit('SIGUSR2')
  source.emit('SIGWINCH')
  source.emit('SIGUSR1')
  deepEqual(told, ['ignored SIGWINCH starting', 'reopen-logs SIGUSR1 10'])
  one.enter('serving')
  deepEqual(told.slice(2), ['reload SIGHUP 1', 'upgrade SIGUSR2 12'])
})

test('a stop that came before anybody could obey is obeyed then', () => {
  const { source, told, owner, desk: one } = desk()
  source.emit('SIGTERM')
  one.serve(owner)
  deepEqual(told, ['stop SIGTERM 15'])
})

test('while it stops, only what ends it faster counts, and the logs', () => {
  const { source, told, owner, desk: one } = desk()
  one.serve(owner)
  one.enter('stopping')
  for (const signal of Object.keys(SIGNALS)) source.emit(signal)
  const obeyed = told.filter((line) => !line.startsWith('ignored')).map((line) => line.split(' ')[1])
  deepEqual(obeyed, ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR1'])
})

test('on a terminal SIGWINCH says that its window was resized', () => {
  const { source } = desk(() => true)
  equal(source.listenerCount('SIGWINCH'), 0)
  equal(source.listenerCount('SIGHUP'), 1)
})

test('SIGHUP after the terminal has gone is a stop, also while it starts', () => {
  let isThere = true
  for (const phase of ['starting', 'serving'] as const) {
    isThere = true
    const { source, told, owner, desk: one } = desk(() => isThere)
    one.serve(owner)
    if (phase === 'serving') one.enter(phase)
    source.emit('SIGHUP')
    isThere = false
    source.emit('SIGHUP')
    deepEqual(told, phase === 'serving' ? ['reload SIGHUP 1', 'stop SIGHUP 1'] : ['stop SIGHUP 1'])
  }
})

test('--signal: other deeds than those of the table, in their phases', () => {
  const own = deedsOf(['INT=stop-fast', 'TERM=stop-gently', 'WINCH=nothing', 'USR2=reopen-logs'])
  const source = new EventEmitter()
  const told: string[] = []
  const one = new SignalDesk(source, () => true, own)
  one.serve({
    obey: (deed, signal) => told.push(`${deed} ${signal}`),
    ignored: (signal) => told.push(`ignored ${signal}`),
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGWINCH', 'SIGUSR2', 'SIGHUP']) source.emit(signal)
  deepEqual(told, ['stop-fast SIGINT', 'stop-gently SIGTERM', 'reopen-logs SIGUSR2'])
  one.enter('stopping')
  source.emit('SIGUSR2')
  deepEqual(told.slice(3), ['ignored SIGHUP', 'reopen-logs SIGUSR2'])
})

test('--signal WINCH=pause counts where there is a terminal, too', () => {
  const source = new EventEmitter()
  new SignalDesk(source, () => true, deedsOf(['WINCH=nothing', 'WINCH=pause']))
  equal(source.listenerCount('SIGWINCH'), 1)
})
