import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { plotsOf } from './plots/plots.ts'
import { pngOf } from './plots/png.ts'
import { markdown } from './report.ts'
import type { Report } from './results.ts'

/** What a run leaves. The JSON is kept up to date all the time, so that a run that is ended early loses nothing. */
export class Results {
  readonly #folder: string
  readonly #name: string

  constructor(began: string, folder: string) {
    this.#folder = folder
    this.#name = nameOf(began)
    mkdirSync(folder, { recursive: true })
  }

  keep(report: Report): void {
    const path = join(this.#folder, `${this.#name}.json`)
    writeFileSync(`${path}.new`, `${JSON.stringify(report, null, 1)}\n`)
    renameSync(`${path}.new`, path)
  }

  /** JSON, Markdown and plots; the files. */
  async finish(report: Report): Promise<string[]> {
    this.keep(report)
    return [`${this.#name}.json`, ...(await writePages(report, this.#folder))].map((file) =>
      relative(process.cwd(), join(this.#folder, file)),
    )
  }
}

/** All that follows from a result's JSON; the names of the files. */
export async function writePages(report: Report, folder: string): Promise<string[]> {
  const name = nameOf(report.began)
  const files: string[] = []
  const write = (file: string, content: string | Buffer) => {
    writeFileSync(join(folder, file), content)
    files.push(file)
  }
  const plots = plotsOf(report).map(({ key, title, svg }) => ({ title, svg, file: `${name}-${key}` }))
  const beside = plots.map(({ title, file }) => ({ title, file: `${file}.svg` }))
  write(`${name}.md`, markdown(report, beside))
  for (const { file, svg } of plots) {
    write(`${file}.svg`, svg)
    const png = await pngOf(svg)
    if (png) write(`${file}.png`, png)
  }
  return files
}

/** `2026-11-23T0834` */
export function nameOf(began: string): string {
  return began.slice(0, 16).replace(':', '')
}
