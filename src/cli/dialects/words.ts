/** A prefix of paths as ours is written: `/shop/` is `/shop`. */
export function withoutEndSlash(prefix: string): string {
  return prefix.replace(/\/+$/, '')
}
