import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { patternOf } from '../../../src/dev/patterns.ts'
import { isBytecodeOf, isWatched, relevanceOf, type Sources } from '../../../src/dev/relevance.ts'

const SOURCES: Sources = {
  folder: '/shop',
  imported: new Set(['/shop/app.py', '/lib/editable/tool.py']),
  isBroken: false,
  named: new Set(['/shop/.env']),
  patterns: [patternOf('/shop/data/*.csv'), patternOf('/etc/shop')],
}

test('what was imported or named is loaded anew, wherever it lies', () => {
  for (const path of [
    '/shop/app.py',
    '/lib/editable/tool.py',
    '/shop/.env',
    '/shop/templates/index.html',
    '/shop/data/a.csv',
    '/etc/shop/a.ini',
  ])
    equal(relevanceOf(path, SOURCES), 'reload', path)
  for (const path of [
    '/shop/unused.py',
    '/shop/notes.md',
    '/shop/data/b/a.csv',
    '/lib/other.html',
    '/shop/node_modules/a.html',
    '/shopping/a.html',
  ])
    equal(relevanceOf(path, SOURCES), 'none', path)
  equal(relevanceOf('/shop/static/site.css', SOURCES), 'refresh')
})

test('while it is broken any Python file of the folder may mend it', () => {
  equal(relevanceOf('/shop/unused.py', { ...SOURCES, isBroken: true }), 'reload')
  equal(relevanceOf('/elsewhere/unused.py', { ...SOURCES, isBroken: true }), 'none')
})

test('folders that hold nothing of the application’s are not looked into', () => {
  for (const path of ['/shop', '/shop/pkg', '/shop/.env', '/shop/.env.local', '/lib/editable/tool.py'])
    equal(isWatched('/shop', path), true, path)
  for (const path of [
    '/shop/.git',
    '/shop/.venv/lib/a.py',
    '/shop/node_modules',
    '/shop/a/__pycache__/b.pyc',
    '/shop/.x.swp',
  ])
    equal(isWatched('/shop', path), false, path)
})

test('bytecode is that of a source by its name', () => {
  equal(isBytecodeOf('/shop/app.py', 'app.cpython-311.pyc'), true)
  equal(isBytecodeOf('/shop/app.py', 'app.cpython-311.opt-1.pyc'), true)
  equal(isBytecodeOf('/shop/app.py', 'apple.cpython-311.pyc'), false)
})
