import { parentPort, workerData } from 'node:worker_threads'
import { Front } from '../fronts/front.ts'
import { FRONT_KEY } from '../fronts/thread.ts'
import { keepHeapSmall } from './heap.ts'

// A thread of the server's begins with this file: it is a front, until the main thread ends it.
keepHeapSmall()
new Front(parentPort!, workerData[FRONT_KEY])
