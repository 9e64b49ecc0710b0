import { writeFileSync } from 'node:fs'
import { gunicornPage } from '../src/cli/dialects/gunicorn/page.ts'
import { waitressPage } from '../src/cli/dialects/waitress/page.ts'
import { faultsPage } from '../src/faults/page.ts'
import { lifecyclePage } from '../src/house/lifecycle.ts'
import { metricsPage } from '../src/observe/metricsPage.ts'
import { settingsPage } from '../src/settings/page.ts'

/** The pages that are printed from tables, by their place below docs/. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'settings.md': settingsPage,
  'faults.md': faultsPage,
  'metrics.md': metricsPage,
  'lifecycle.md': lifecyclePage,
  'gunicorn.md': gunicornPage,
  'waitress.md': waitressPage,
}

const [, program] = process.argv
if (program === import.meta.filename) {
  for (const [name, page] of Object.entries(PAGES)) {
    writeFileSync(new URL(`../../docs/${name}`, import.meta.url), page())
  }
}
