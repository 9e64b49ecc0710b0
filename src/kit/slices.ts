/**
 * Node's own fast ways between bytes and text, which `toString` and `write` lead to after finding out the encoding
 * (some 30 ns a call: they are on the hot path). Present in all Nodes from 20 to 26; not in the types of 20.
 */
declare global {
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Slice(start?: number, end?: number): string
    utf8Slice(start?: number, end?: number): string
    latin1Write(text: string, offset?: number, length?: number): number
  }
}

export type {}
