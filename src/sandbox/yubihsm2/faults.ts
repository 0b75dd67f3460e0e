/** What a test can have go wrong, and when. */
import type { CommandName } from '../../../devices/yubihsm2/command.ts'

export type Fault =
  /** The device refuses with this code and does nothing. */
  | { readonly kind: 'error'; readonly code: number }
  /** The connection ends before the device has seen the command. */
  | { readonly kind: 'drop-before' }
  /** The device does it; the answer is lost. */
  | { readonly kind: 'drop-after' }
  /** The authentication code of the reply is changed. */
  | { readonly kind: 'wrong-mac' }
  | { readonly kind: 'slow'; readonly ms: number }
  /** The connector answers these bytes. */
  | { readonly kind: 'garbage'; readonly bytes: Uint8Array }
  /** From here on the device is unplugged: status NO_DEVICE, HTTP 500. */
  | { readonly kind: 'unplug' }

interface PlannedFault {
  readonly fault: Fault
  readonly command?: CommandName
  /** Counts down on each command that matches; strikes at 0. */
  wait: number
  /** How often it strikes. */
  times: number
}

export class Faults {
  #planned: PlannedFault[] = []
  #seen: CommandName[] = []
  unplugged = false

  /** Every command received, in order, those inside sessions too. */
  get commands(): readonly CommandName[] {
    return this.#seen
  }

  /** @param after how many matching commands pass first */
  plan(
    fault: Fault,
    when: { readonly command?: CommandName; readonly after?: number; readonly times?: number } = {},
  ): void {
    this.#planned.push({
      fault,
      wait: when.after ?? 0,
      times: when.times ?? 1,
      command: when.command,
    })
  }

  /** Forgets what was planned and what was seen. */
  clear(): void {
    this.#planned = []
    this.#seen = []
    this.unplugged = false
  }

  /** The fault that strikes this command, if any. */
  next(command: CommandName): Fault | undefined {
    this.#seen.push(command)
    let struck: Fault | undefined
    for (const planned of this.#planned) {
      if (planned.times === 0 || (planned.command !== undefined && planned.command !== command)) continue
      if (planned.wait > 0) planned.wait--
      else if (struck === undefined) {
        planned.times--
        struck = planned.fault
      }
    }
    if (struck?.kind === 'unplug') this.unplugged = true
    return struck
  }
}
