import type { Command } from './command.ts'
import { serve } from './serve.ts'
import { settings } from './settings.ts'

export const COMMANDS: Readonly<Record<string, Command>> = { serve, settings }
