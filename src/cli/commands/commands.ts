import { check } from './check.ts'
import type { Command } from './command.ts'
import { dev } from './dev.ts'
import { explain } from './explain.ts'
import { gunicorn } from './gunicorn.ts'
import { logs } from './logs.ts'
import { pythonPath } from './pythonPath.ts'
import { reload } from './reload.ts'
import { requests } from './requests.ts'
import { scale } from './scale.ts'
import { serve } from './serve.ts'
import { settings } from './settings.ts'
import { stacks } from './stacks.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'
import { top } from './top.ts'
import { upgrade } from './upgrade.ts'
import { waitressServe } from './waitress.ts'

export const COMMANDS: Readonly<Record<string, Command>> = {
  serve,
  dev,
  explain,
  settings,
  check,
  status,
  top,
  requests,
  stacks,
  reload,
  scale,
  upgrade,
  logs,
  stop,
  'python-path': pythonPath,
  gunicorn,
  'waitress-serve': waitressServe,
}
