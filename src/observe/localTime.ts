/** Lines come many a second, so the text of one is kept. */
export function bySecond(format: (at: Date) => string): (wallMs: number) => string {
  let last = -1
  let text = ''
  return (wallMs) => {
    const second = Math.floor(wallMs / 1000)
    if (second !== last) {
      last = second
      text = format(new Date(second * 1000))
    }
    return text
  }
}

/** `+0530` */
export function zone(minutes: number): string {
  const away = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(away / 60))}${two(away % 60)}`
}

export function two(number: number): string {
  return String(number).padStart(2, '0')
}
