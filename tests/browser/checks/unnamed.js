/** Run in a page: what is used or stands for a part of it without a name, and ids that are told twice. */
export function unnamed() {
  const found = []
  const wanted = 'a, button, input, textarea, [role=group], nav, main, section, dialog'
  for (const one of document.querySelectorAll(wanted)) {
    const labels = one instanceof HTMLInputElement || one instanceof HTMLTextAreaElement ? [...(one.labels ?? [])] : []
    const by = (one.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id))
    const own = one.matches('a, button') ? one.textContent : ''
    const names = [one.getAttribute('aria-label'), own, ...[...labels, ...by].map((label) => label?.textContent)]
    if (names.join('').trim() === '') found.push(one.outerHTML.slice(0, 80))
  }
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  return [...found, ...ids.filter((id, at) => ids.indexOf(id) !== at)]
}
