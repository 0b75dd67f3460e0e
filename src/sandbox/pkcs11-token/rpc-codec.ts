/** Message bodies: call id, signature, values in signature order. Source: p11-kit 0.24.1, rpc-message.c. */
import { readAttributes, writeAttributes } from './rpc-attribute.ts'
import { RpcFormatError, RpcReader, RpcWriter } from './rpc-bytes.ts'
import type { Mechanism, RpcValue } from './rpc-values.ts'

/**
 * How mechanisms are written: up to 0.25.5 a NULL array follows a mechanism without a parameter; from 0.25.6 (a client
 * that offers protocol version 2) nothing does, and a parameter has a presence byte before it.
 */
export type MechanismForm = 'null-array' | 'presence-byte'

export interface RpcMessage {
  readonly callId: number
  readonly signature: string
  readonly values: readonly RpcValue[]
}

const MAX_SIGNATURE = 64
const CODE = /[yvuszMA]|a[yuA]|f[yuA]/y
const PSS = 0xd
const OAEP = 0x9

/** Id and signature only: enough to tell whether the values can be read at all. Throws RpcFormatError. */
export function readHead(reader: RpcReader): { readonly callId: number; readonly signature: string } {
  const callId = reader.u32()
  const signature = reader.array()
  if (signature === null || signature.length > MAX_SIGNATURE) throw new RpcFormatError('no signature')
  return { callId, signature: Buffer.from(signature).toString('latin1') }
}

/** Bytes after the last value are ignored, as p11-kit does. Throws RpcFormatError. */
export function readValues(reader: RpcReader, signature: string, form: MechanismForm): RpcValue[] {
  return splitSignature(signature).map((code) => readValue(reader, code, form))
}

/** Throws RpcFormatError. */
export function decodeMessage(body: Uint8Array, form: MechanismForm = 'null-array'): RpcMessage {
  const reader = new RpcReader(body)
  const head = readHead(reader)
  return { ...head, values: readValues(reader, head.signature, form) }
}

/** Throws TypeError where the values do not match the signature: a defect of the caller. */
export function encodeMessage({ callId, signature, values }: RpcMessage): Uint8Array {
  const written = values.map((value) => value.code).join('')
  if (written !== signature) throw new TypeError(`call ${callId} wants "${signature}", not "${written}"`)
  const writer = new RpcWriter().u32(callId).array(Buffer.from(signature, 'latin1'))
  for (const value of values) writeValue(writer, value)
  return writer.bytes()
}

function splitSignature(signature: string): string[] {
  const codes: string[] = []
  for (let at = 0; at < signature.length; ) {
    CODE.lastIndex = at
    const code = CODE.exec(signature)?.[0]
    if (code === undefined) throw new RpcFormatError(`unknown signature "${signature}"`)
    codes.push(code)
    at += code.length
  }
  return codes
}

function readValue(reader: RpcReader, code: string, form: MechanismForm): RpcValue {
  switch (code) {
    case 'u':
      return { code, value: reader.u64() }
    case 'y':
      return { code, value: reader.u8() }
    case 'v':
      return { code, major: reader.u8(), minor: reader.u8() }
    case 's':
    case 'z':
      return { code, value: reader.array() ?? new Uint8Array() }
    case 'ay': {
      if (reader.u8() === 0) return { code, value: null, length: reader.u32() }
      const value = reader.array() ?? new Uint8Array()
      return { code, value, length: value.length }
    }
    case 'fy':
    case 'fu':
      return { code, room: reader.u32() }
    case 'au': {
      if (reader.u8() === 0) return { code, items: null, count: reader.u32() }
      const items = Array.from({ length: reader.count(8) }, () => reader.u64())
      return { code, items, count: items.length }
    }
    case 'aA':
      return { code, attributes: readAttributes(reader) }
    case 'fA':
      return {
        code,
        rooms: Array.from({ length: reader.count(8) }, () => ({ type: reader.u32(), room: reader.u32() })),
      }
    case 'M':
      return { code, mechanism: readMechanism(reader, form) }
    default:
      throw new RpcFormatError(`no values of code "${code}"`)
  }
}

function readMechanism(reader: RpcReader, form: MechanismForm): Mechanism {
  const mechanism = reader.u32()
  const hasStructure = mechanism === PSS || mechanism === OAEP
  if (!hasStructure) {
    if (form === 'null-array') reader.array()
    return { mechanism, parameters: [] }
  }
  if (form === 'presence-byte' && reader.u8() === 0) return { mechanism, parameters: [] }
  const parameters = [reader.u64(), reader.u64(), reader.u64()]
  return mechanism === OAEP ? { mechanism, parameters, data: reader.array() } : { mechanism, parameters }
}

function writeValue(writer: RpcWriter, value: RpcValue): void {
  switch (value.code) {
    case 'u':
      writer.u64(value.value)
      return
    case 'y':
      writer.u8(value.value)
      return
    case 'v':
      writer.u8(value.major).u8(value.minor)
      return
    case 's':
    case 'z':
      writer.array(value.value)
      return
    case 'ay':
      if (value.value === null) writer.u8(0).u32(value.length)
      else writer.u8(1).array(value.value)
      return
    case 'fy':
    case 'fu':
      writer.u32(value.room)
      return
    case 'au':
      if (value.items === null) writer.u8(0).u32(value.count)
      else {
        writer.u8(1).u32(value.items.length)
        for (const item of value.items) writer.u64(item)
      }
      return
    case 'aA':
      writeAttributes(writer, value.attributes)
      return
    case 'fA':
      writer.u32(value.rooms.length)
      for (const { type, room } of value.rooms) writer.u32(type).u32(room)
      return
    case 'M':
      writeMechanism(writer, value.mechanism)
  }
}

function writeMechanism(writer: RpcWriter, { mechanism, parameters, data }: Mechanism): void {
  writer.u32(mechanism)
  if (parameters.length === 0) {
    writer.array(null)
    return
  }
  for (const parameter of parameters) writer.u64(parameter)
  if (mechanism === OAEP) writer.array(data ?? null)
}
