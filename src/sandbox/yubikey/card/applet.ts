/** One application on the card. */
import type { CommandApdu } from './apdu.ts'

export interface Applet {
  readonly aid: Uint8Array
  /** What SELECT answers. */
  select(): Uint8Array
  /** Another application was selected, or the power went. */
  deselect(): void
  /** The answer's data. Throws StatusError. */
  process(command: CommandApdu): Promise<Uint8Array>
}
