import { assetPage } from '../assets.ts'
import type { OwnPage } from '../pages.ts'

/** Where the Inspector is; a request's journey is at `#NUMBER` of it. */
export const INSPECTOR = '/-/inspector/'

/** Its files: hand-written modules, sent as they are (pages/inspector/). */
const FILES = [
  'api.js',
  'bytes.js',
  'call.js',
  'dom.js',
  'edit.js',
  'format.js',
  'icon.svg',
  'inspector.css',
  'inspector.js',
  'journey.css',
  'journey.js',
  'link.js',
  'list.js',
  'rules.js',
  'spans.js',
  'stageParts.js',
  'stages.js',
  'timing.js',
] as const

export function inspectorPages(): OwnPage[] {
  return [
    assetPage(INSPECTOR, 'inspector/index.html', 'token'),
    ...FILES.map((name) => assetPage(INSPECTOR + name, `inspector/${name}`)),
  ]
}
