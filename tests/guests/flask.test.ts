import { visit } from './visit.ts'

visit({ name: 'Flask', app: 'flask_app', target: 'flask_app:app' })
visit({
  name: "Flask in Waitress's words",
  app: '',
  target: 'flask_app:app',
  waitress: ['--threads=4', '--ident=shop'],
})
