import { visit } from './visit.ts'

visit({ name: 'Bottle', app: 'bottle_app:app', target: 'bottle_app:app' })
