import { visit } from './visit.ts'

visit({ name: 'Falcon', app: 'falcon_app.py', target: 'falcon_app:app' })
