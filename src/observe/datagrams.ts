/** Who sends datagrams to Unix sockets, which Node can't. */
export interface Datagrams {
  /** False: it can't take them, and they are lost. */
  send(path: string, texts: readonly string[]): boolean
}
