/** Null where the renderer isn't installed: the SVG is there all the same. */
export async function pngOf(svg: string): Promise<Buffer | null> {
  try {
    const { Resvg } = await import('@resvg/resvg-js')
    const font = { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans' }
    return Buffer.from(new Resvg(svg, { fitTo: { mode: 'zoom', value: 2 }, font }).render().asPng())
  } catch (error) {
    process.stderr.write(`bench: no PNG: ${error instanceof Error ? error.message : error}\n`)
    return null
  }
}
