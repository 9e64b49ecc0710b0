/** Names for requests that are short, and unlike those of any other server: a random start and a count. */
export function requestIds(random: () => number): () => string {
  const start = Math.floor(random() * 36 ** 6)
    .toString(36)
    .padStart(6, '0')
  let count = 0
  return () => `${start}-${(++count).toString(36)}`
}
