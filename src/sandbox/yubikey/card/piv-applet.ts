/** The PIV application with Yubico's extensions (SP 800-73-4; Yubico's PIV extensions page). */
import type { CommandApdu } from './apdu.ts'
import type { Applet } from './applet.ts'
import { atLeast, type Firmware } from './personality.ts'
import { generalAuthenticate, setManagementKey } from './piv-authenticate.ts'
import { type PivContext, SecurityStatus } from './piv-context.ts'
import { attest, generate, importKey, metadata, moveKey } from './piv-keys.ts'
import { getData, putData } from './piv-objects.ts'
import { changeReference, resetRetryCounter, setRetries, verify } from './piv-references.ts'
import { ensure, SW } from './status-word.ts'

/** Instruction codes, for tests and faults too. */
export const INS = {
  verify: 0x20,
  changeReference: 0x24,
  resetRetryCounter: 0x2c,
  generate: 0x47,
  generalAuthenticate: 0x87,
  getData: 0xcb,
  putData: 0xdb,
  moveKey: 0xf6,
  metadata: 0xf7,
  serial: 0xf8,
  attest: 0xf9,
  setRetries: 0xfa,
  reset: 0xfb,
  version: 0xfd,
  importKey: 0xfe,
  setManagementKey: 0xff,
} as const

interface Instruction {
  readonly since: Firmware
  readonly run: (command: CommandApdu, card: PivContext) => Uint8Array | Promise<Uint8Array>
}

const ALWAYS: Firmware = [1, 0, 0]

const INSTRUCTIONS: ReadonlyMap<number, Instruction> = new Map<number, Instruction>([
  [INS.verify, { since: ALWAYS, run: verify }],
  [INS.changeReference, { since: ALWAYS, run: changeReference }],
  [INS.resetRetryCounter, { since: ALWAYS, run: resetRetryCounter }],
  [INS.generate, { since: ALWAYS, run: generate }],
  [INS.generalAuthenticate, { since: ALWAYS, run: generalAuthenticate }],
  [INS.getData, { since: ALWAYS, run: getData }],
  [INS.putData, { since: ALWAYS, run: putData }],
  [INS.moveKey, { since: [5, 7, 0], run: moveKey }],
  [INS.metadata, { since: [5, 3, 0], run: metadata }],
  [INS.serial, { since: [5, 0, 0], run: (_command, card) => serialOctets(card.serial) }],
  [INS.attest, { since: [4, 3, 0], run: attest }],
  [INS.setRetries, { since: ALWAYS, run: setRetries }],
  [INS.reset, { since: ALWAYS, run: reset }],
  [INS.version, { since: ALWAYS, run: (_command, card) => Uint8Array.from(card.personality.firmware) }],
  [INS.importKey, { since: ALWAYS, run: importKey }],
  [INS.setManagementKey, { since: ALWAYS, run: setManagementKey }],
])

/** On a key, any other command uses up a PIN that policy "always" asked for (yubico-piv-tool issues 234 and 321). */
const KEEPS_PIN_FRESH: ReadonlySet<number> = new Set([INS.verify, INS.generalAuthenticate])

/** Application property template: PIX and the coexistent allocation authority (SP 800-73-4 part 2 table 3). */
const PROPERTIES = Buffer.from('61114f0600001000010079074f05a000000308', 'hex')

export function pivApplet(card: PivContext): Applet {
  return {
    aid: Buffer.from('a000000308000010000100', 'hex'),
    select: () => {
      card.security.pinFresh = false
      return PROPERTIES
    },
    deselect: () => {
      card.security = new SecurityStatus()
    },
    process: async (command) => {
      if (!KEEPS_PIN_FRESH.has(command.ins)) card.security.pinFresh = false
      const instruction = INSTRUCTIONS.get(command.ins)
      ensure(instruction !== undefined, SW.wrongInstruction)
      ensure(atLeast(card.personality.firmware, ...instruction.since), SW.wrongInstruction)
      return instruction.run(command, card)
    },
  }
}

/** Four octets, big-endian. */
export function serialOctets(serial: number): Uint8Array {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(serial)
  return octets
}

/** Only once PIN and PUK are both blocked. */
function reset(_command: CommandApdu, card: PivContext): Uint8Array {
  const { state } = card
  ensure(state.pin.left === 0 && state.puk.left === 0, SW.conditionsNotMet)
  state.reset()
  card.security = new SecurityStatus()
  return new Uint8Array()
}
