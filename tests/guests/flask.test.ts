import { visit } from './visit.ts'

visit({ name: 'Flask', app: 'flask_app', target: 'flask_app:app' })
