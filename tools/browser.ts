import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'] as const

/** The Chromium that is installed here; '' where there is none. */
export function findBrowser(): string {
  const folders = (process.env.PATH ?? '').split(':').filter(Boolean)
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable) ?? ''
}

/** The same; where there is none, and packages can be installed, it is Debian's then. */
export function preparedBrowser(): string {
  const found = findBrowser()
  if (found !== '' || process.getuid?.() !== 0 || !isExecutable('/usr/bin/apt-get')) return found
  process.stdout.write('installing chromium\n')
  try {
    for (const argv of [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']])
      execFileSync('apt-get', argv, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  } catch {
    process.stdout.write("chromium can't be installed here: the tests in tests/browser/ are skipped\n")
  }
  return findBrowser()
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
