/** The management and OTP applications, as far as ykman and libykpiv ask them: version, serial, what is enabled. */
import type { Applet } from './applet.ts'
import { atLeast, type Personality } from './personality.ts'
import { serialOctets } from './piv-applet.ts'
import { ensure, SW } from './status-word.ts'
import { writeTlv } from './tlv.ts'

const READ_CONFIG = 0x1d
/** Application bits: PIV alone (ykman yubikit/management.py CAPABILITY). */
const PIV_ONLY = Uint8Array.of(0x00, 0x10)

export function managementApplet(personality: Personality, serial: number): Applet {
  const version = personality.firmware.join('.')
  return {
    aid: Buffer.from('a000000527471117', 'hex'),
    select: () => Buffer.from(`Virtual mgr - FW version ${version}`, 'latin1'),
    deselect: () => undefined,
    process: async (command) => {
      ensure(command.ins === READ_CONFIG && atLeast(personality.firmware, 4, 1, 0), SW.wrongInstruction)
      ensure(command.p1 === 0, SW.wrongParameters)
      const config = deviceInfo(personality, serial)
      return Buffer.concat([Uint8Array.of(config.length), config])
    },
  }
}

/** Tags 01 supported, 02 serial, 03 enabled, 04 form factor, 05 version, 0A locked. */
function deviceInfo(personality: Personality, serial: number): Uint8Array {
  return Buffer.concat([
    writeTlv(0x01, PIV_ONLY),
    writeTlv(0x02, serialOctets(serial)),
    writeTlv(0x03, PIV_ONLY),
    writeTlv(0x04, Uint8Array.of(personality.formFactor)),
    writeTlv(0x05, Uint8Array.from(personality.firmware)),
    writeTlv(0x0a, Uint8Array.of(0)),
  ])
}

const OTP_COMMAND = 0x01
const OTP_SERIAL = 0x10

/** libykpiv asks it for the serial of firmware below 5. */
export function otpApplet(personality: Personality, serial: number): Applet {
  return {
    aid: Buffer.from('a000000527200101', 'hex'),
    /** Version, programming sequence, touch level: nothing is configured. */
    select: () => Uint8Array.of(...personality.firmware, 0, 0, 0),
    deselect: () => undefined,
    process: async (command) => {
      ensure(command.ins === OTP_COMMAND && command.p1 === OTP_SERIAL, SW.wrongInstruction)
      return serialOctets(serial)
    },
  }
}
