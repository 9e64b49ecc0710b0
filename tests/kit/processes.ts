/** The process table; the bench reads it too. */
export * from '../../tools/processes.ts'
