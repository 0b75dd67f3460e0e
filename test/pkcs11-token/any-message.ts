import fc from 'fast-check'
import type { RpcMessage } from '../../src/sandbox/pkcs11-token/rpc-codec.ts'
import type { Attribute, RpcValue } from '../../src/sandbox/pkcs11-token/rpc-values.ts'

const u8 = fc.nat(0xff)
const u32 = fc.nat(0xfffffffe)
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn })
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Uint8Array.from(array))

/** Attributes whose form each way is their own: a CK_BBOOL, a CK_ULONG, bytes (PKCS#11 3.0, CKA_TOKEN, CKA_CLASS, CKA_ID, CKA_LABEL). */
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ type: u32, length: fc.constant(undefined), value: fc.constant(null) }),
  u8.map((byte) => ({ type: 0x1, length: 1, value: Uint8Array.of(byte) })),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((value) => ({ type: 0, length: 8, value: Uint8Array.from(value) })),
  fc
    .record({ type: fc.constantFrom(0x3, 0x102), value: bytes })
    .map((each) => ({ ...each, length: each.value.length })),
)

/** By its code in the signature. */
const VALUES: Readonly<Record<RpcValue['code'], fc.Arbitrary<RpcValue>>> = {
  u: u64.map((value) => ({ code: 'u', value })),
  y: u8.map((value) => ({ code: 'y', value })),
  v: fc.record({ code: fc.constant('v'), major: u8, minor: u8 }),
  s: bytes.map((value) => ({ code: 's', value })),
  z: bytes.map((value) => ({ code: 'z', value })),
  ay: fc.oneof(
    u32.map((length): RpcValue => ({ code: 'ay', value: null, length })),
    bytes.map((value): RpcValue => ({ code: 'ay', value, length: value.length })),
  ),
  fy: u32.map((room) => ({ code: 'fy', room })),
  fu: u32.map((room) => ({ code: 'fu', room })),
  au: fc.oneof(
    u32.map((count): RpcValue => ({ code: 'au', items: null, count })),
    fc.array(u64, { maxLength: 9 }).map((items): RpcValue => ({ code: 'au', items, count: items.length })),
  ),
  aA: fc.array(attribute, { maxLength: 6 }).map((attributes) => ({ code: 'aA', attributes })),
  fA: fc.array(fc.record({ type: u32, room: u32 }), { maxLength: 6 }).map((rooms) => ({ code: 'fA', rooms })),
  M: u32
    .filter((mechanism) => mechanism !== 0xd && mechanism !== 0x9)
    .map((mechanism) => ({ code: 'M', mechanism: { mechanism, parameters: [] } })),
}

/** Messages of a call with any values that its signature allows. */
export function anyMessage(callId: number, signature: string): fc.Arbitrary<RpcMessage> {
  const codes = (signature.match(/a[yuA]|f[yuA]|[yvuszM]/g) ?? []) as RpcValue['code'][]
  return fc.tuple(...codes.map((code) => VALUES[code])).map((values) => ({ callId, signature, values }))
}
