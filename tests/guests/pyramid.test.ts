import { visit } from './visit.ts'

visit({ name: 'Pyramid', app: 'pyramid_app:make_app()', target: 'pyramid_app:make_app' })
