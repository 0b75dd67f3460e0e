/** How an attribute crosses the wire: the form follows from its type alone. Source: p11-kit 0.24.1, rpc-message.c. */
import { RpcFormatError, type RpcReader, type RpcWriter, ulongFromMemory, ulongToMemory } from './rpc-bytes.ts'
import type { Attribute } from './rpc-values.ts'

type AttributeForm = 'byte' | 'ulong' | 'date' | 'mechanisms' | 'attributes' | 'bytes'

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const FORMS: readonly { readonly form: AttributeForm; readonly types: readonly number[] }[] = [
  {
    form: 'byte',
    types: [
      ...[0x1, 0x2, 0x86, 0x162, 0x163, 0x164, 0x165, 0x170, 0x171, 0x200, 0x202, 0x210, 0x301, 0x302, 0x405],
      ...range(0x103, 0x10c),
    ],
  },
  {
    form: 'ulong',
    types: [
      ...[0x0, 0x80, 0x87, 0x88, 0x100, 0x121, 0x133, 0x134, 0x160, 0x161, 0x166, 0x201, 0x300, 0x406, 0x500],
      ...range(0x400, 0x404),
    ],
  },
  { form: 'date', types: [0x110, 0x111] },
  { form: 'mechanisms', types: [0x40000600] },
  { form: 'attributes', types: [0x40000211, 0x40000212] },
]

const FORM_OF: ReadonlyMap<number, AttributeForm> = new Map(
  FORMS.flatMap(({ form, types }) => types.map((type) => [type, form] as const)),
)

const MAX_NESTING = 4

export function readAttributes(reader: RpcReader, depth = 0): Attribute[] {
  if (depth > MAX_NESTING) throw new RpcFormatError('attributes nested too deep')
  return Array.from({ length: reader.count(5) }, () => readAttribute(reader, depth))
}

function readAttribute(reader: RpcReader, depth: number): Attribute {
  const type = reader.u32()
  if (reader.u8() === 0) return { type, length: undefined, value: null }
  const length = reader.u32()
  switch (FORM_OF.get(type) ?? 'bytes') {
    case 'byte':
      return { type, length, value: Uint8Array.of(reader.u8()) }
    case 'ulong':
      return { type, length, value: ulongToMemory(reader.u64()) }
    case 'mechanisms': {
      const items = Array.from({ length: reader.count(8) }, () => ulongToMemory(reader.u64()))
      return { type, length, value: Uint8Array.from(Buffer.concat(items)) }
    }
    case 'attributes':
      return { type, length, value: null, nested: readAttributes(reader, depth + 1) }
    case 'date':
    case 'bytes':
      return { type, length, value: reader.array() }
  }
}

export function writeAttributes(writer: RpcWriter, attributes: readonly Attribute[]): void {
  writer.u32(attributes.length)
  for (const attribute of attributes) writeAttribute(writer, attribute)
}

/** A null value is the placeholder of a length query. */
function writeAttribute(writer: RpcWriter, { type, length, value, nested }: Attribute): void {
  writer.u32(type)
  if (length === undefined) {
    writer.u8(0)
    return
  }
  writer.u8(1).u32(length)
  switch (FORM_OF.get(type) ?? 'bytes') {
    case 'byte':
      writer.u8(value?.[0] ?? 0)
      return
    case 'ulong':
      writer.u64(value === null ? 0n : ulongFromMemory(value))
      return
    case 'mechanisms': {
      const count = Math.floor((value?.length ?? 0) / 8)
      writer.u32(count)
      for (let i = 0; i < count; i++) writer.u64(ulongFromMemory(value?.subarray(8 * i, 8 * i + 8) ?? new Uint8Array()))
      return
    }
    case 'attributes':
      writeAttributes(writer, nested ?? [])
      return
    case 'date':
    case 'bytes':
      writer.array(value)
  }
}
