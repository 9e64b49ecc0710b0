/** Run in a page: texts whose color is too near to that behind them. WCAG 2.2, 1.4.3 asks for 4.5 to 1. */
export function faintTexts() {
  const canvas = /** @type {CanvasRenderingContext2D} */ (
    document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  )
  const rgba = (/** @type {string} */ color) => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const behind = (/** @type {Element} */ element) => {
    for (let one = /** @type {Element | null} */ (element); one !== null; one = one.parentElement) {
      const color = rgba(getComputedStyle(one).backgroundColor)
      if (color[3] === 255) return color
    }
    return [255, 255, 255]
  }
  const light = (/** @type {number[]} */ color) => {
    const linear = color.map((part) => (part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0)
  }
  const found = new Set()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const text = walker.currentNode.nodeValue ?? ''
    const element = walker.currentNode.parentElement
    if (text.trim() === '' || !element?.checkVisibility({ visibilityProperty: true })) continue
    const one = light(rgba(getComputedStyle(element).color))
    const other = light(behind(element))
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    if (ratio < 4.5) found.add(`${element.tagName}.${element.className}: ${ratio.toFixed(2)} ${text}`)
  }
  return [...found]
}
