import { visit } from './visit.ts'

visit({ name: 'Pyramid', app: 'pyramid_app:make_app()', target: 'pyramid_app:make_app' })
visit({
  name: "Pyramid in Waitress's words",
  app: '',
  target: 'pyramid_app:make_app',
  waitress: ['--threads=4', '--call'],
})
