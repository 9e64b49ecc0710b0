/** What workers do besides for who develops. Each is imported only where it is asked for; in production none is. */
export interface Aids {
  /** They write down which files they have imported (python/dram/imports.py). */
  readonly tellsImports: boolean
  /** They tell what becomes of each call, in TRACE frames (python/dram/witness.py). */
  readonly tellsCalls: boolean
  /** They report exceptions with source and locals (python/dram/report.py). */
  readonly reportsErrors: boolean
  /** They do what the servers of frameworks do for who develops (python/dram/dev/frameworks.py). */
  readonly knowsFrameworks: boolean
  /** Debuggers in them get the terminal (python/dram/dev/debugger.py). */
  readonly lendsTerminal: boolean
}

export const NO_AIDS: Aids = {
  tellsImports: false,
  tellsCalls: false,
  reportsErrors: false,
  knowsFrameworks: false,
  lendsTerminal: false,
}
