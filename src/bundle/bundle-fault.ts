/** Why a part of a bundle cannot be read or does not hold; becomes a failed check. Follows "PART: ". */
export class BundleFault extends Error {
  override readonly name = 'BundleFault'
  /** The file that is broken, where it is another than the one that was read. */
  readonly part: string | undefined

  constructor(message: string, part?: string) {
    super(message)
    this.part = part
  }
}
