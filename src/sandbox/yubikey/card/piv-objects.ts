/** GET DATA and PUT DATA. */
import type { CommandApdu } from './apdu.ts'
import { ensureManagement, type PivContext } from './piv-context.ts'
import { MAX_OBJECT_SIZE, OBJECT_DISCOVERY, PIN_PROTECTED_OBJECTS } from './slots.ts'
import { ensure, SW } from './status-word.ts'
import { findTlv, readTlvs, type Tlv, writeTlv } from './tlv.ts'

const TAG_ID = 0x5c
const TAG_DATA = 0x53

/** SP 800-73-4 part 1 table 19: the PIV application's identifier, and that the application PIN is the one in use. */
const DISCOVERY = Buffer.from('7e124f0ba0000003080000100001005f2f024000', 'hex')

export function getData(command: CommandApdu, card: PivContext): Uint8Array {
  const id = objectId(command, readTlvs(command.data))
  if (id === OBJECT_DISCOVERY) return DISCOVERY
  ensure(!PIN_PROTECTED_OBJECTS.has(id) || card.security.pinVerified, SW.securityStatus)
  const content = card.state.objects.get(id)
  ensure(content !== undefined, SW.notFound)
  return writeTlv(TAG_DATA, content)
}

/** Empty content deletes the object. */
export function putData(command: CommandApdu, card: PivContext): Uint8Array {
  ensureManagement(card)
  const items = readTlvs(command.data)
  const id = objectId(command, items)
  const content = findTlv(items, TAG_DATA)
  ensure(content !== undefined && id !== OBJECT_DISCOVERY, SW.wrongData)
  ensure(content.length <= MAX_OBJECT_SIZE, SW.noSpace)
  if (content.length === 0) card.state.objects.delete(id)
  else card.state.objects.set(id, Uint8Array.from(content))
  return new Uint8Array()
}

function objectId(command: CommandApdu, items: readonly Tlv[]): number {
  ensure(command.p1 === 0x3f && command.p2 === 0xff, SW.wrongParameters)
  const tag = findTlv(items, TAG_ID)
  ensure(tag !== undefined && (tag.length === 1 || tag.length === 3), SW.wrongData)
  return tag.reduce((id, byte) => (id << 8) | byte, 0)
}
