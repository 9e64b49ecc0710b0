/** Thrown for a forwarding header that can't be read. */
export class Malformed {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}
