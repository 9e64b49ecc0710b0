/** All in bytes but `maxHeaders`. Lines are counted without their CRLF, sections with, but for their empty last line. */
export interface ParseLimits {
  readonly maxRequestLineBytes: number
  /** Field lines. */
  readonly maxHeaders: number
  /** One field line; 0: any. */
  readonly maxHeaderLineBytes: number
  /** The whole header section. */
  readonly maxHeaderBytes: number
  readonly maxBodyBytes: number
  /** The whole trailer section. */
  readonly maxTrailerBytes: number
  /** A chunk's size with its extensions. */
  readonly maxChunkLineBytes: number
}
