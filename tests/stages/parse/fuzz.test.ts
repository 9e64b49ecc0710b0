import { test } from 'node:test'
import fc from 'fast-check'
import { properties } from '../../../fuzz/parse.ts'

for (const [name, property] of Object.entries(properties)) test(name, () => fc.assert(property, { numRuns: 5000 }))
