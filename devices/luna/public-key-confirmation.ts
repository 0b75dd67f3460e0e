import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeviceError } from '../device-error.ts'
import { findByClass } from '../pkcs11/find-key-objects.ts'
import { readUlong } from '../pkcs11/list-tokens.ts'
import { lastLine, runVendorTool } from '../pkcs11/run-vendor-tool.ts'
import type { TokenKey } from '../pkcs11/token-key.ts'
import { attributeName, readAttribute } from '../pkcs11/token-objects.ts'
import type { TokenSession } from '../pkcs11/token-session.ts'
import { CONFIRMATION_ATTRIBUTES, LUNA_CKA } from './luna-constants.ts'

const MAX_BYTES = 64 * 1024

/** A DER SEQUENCE with a long length, which a ContentInfo with certificates always is. */
const looksLikeContentInfo = (bytes: Uint8Array): boolean =>
  bytes.length > 4 && bytes.length <= MAX_BYTES && bytes[0] === 0x30 && (bytes[1] ?? 0) > 0x80

/**
 * The confirmation as the module itself gives it, an attribute of the private key (Thales's own samples read it there); the
 * public key is asked as well. A search comes first: on an HA slot attribute reads fail without one (luna-kmu).
 */
export function readConfirmation(session: TokenSession, key: TokenKey): Uint8Array | undefined {
  const identity = key.identity.id.length > 0 ? { id: key.identity.id } : { label: key.identity.label }
  for (const objectClass of ['PRIVATE_KEY', 'PUBLIC_KEY'] as const) {
    for (const object of findByClass(session, objectClass, identity)) {
      for (const type of key.isRsa ? CONFIRMATION_ATTRIBUTES.RSA : CONFIRMATION_ATTRIBUTES.EC) {
        const value = readAttribute(session, object, type)
        if (value === undefined || value.length === 0) continue
        if (looksLikeContentInfo(value)) return Uint8Array.from(value)
        throw new DeviceError(
          'device.protocol',
          `Could not use the public key confirmation from ${session.cryptoki.subject}: ${attributeName(type)} contains no PKCS#7.`,
          {
            remedy: 'Export it with cmu getpkc and compare; report it with a trace (--trace).',
          },
        )
      }
    }
  }
  return undefined
}

/**
 * How cmu is told the key: by its OUID, which is the same for every program and the only name that cmu takes on Luna Cloud HSM; by its
 * handle where the module tells no OUID or this cmu knows none.
 */
function namesForCmu(session: TokenSession, privateKey: Buffer): readonly string[] {
  const ouid = readAttribute(session, privateKey, LUNA_CKA.OUID)
  return [...(ouid === undefined ? [] : [`-ouid=${ouid.toString('hex')}`]), `-handle=${readUlong(privateKey)}`]
}

/**
 * `cmu getpkc`, where the module does not give the attribute. The PIN goes to its standard input, never to its arguments;
 * whether every version of cmu reads it there is not known, so its failure names the command for a person.
 */
export async function confirmationByCmu(
  cmu: string,
  session: TokenSession,
  privateKey: Buffer,
  key: TokenKey,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'hsm-enroll-pkc-'))
  try {
    const file = join(folder, 'pkc.p7b')
    const command = (name: string): readonly string[] => [
      'getpkc',
      `-slot=${session.slot.token.slotId}`,
      name,
      ...(key.isRsa ? ['-pkctype=2'] : []),
    ]
    const pin = session.acceptedPin()
    const names = namesForCmu(session, privateKey)
    let last = ''
    for (const name of names) {
      const { output, exitCode } = await runVendorTool(cmu, [...command(name), `-outputfile=${file}`], {
        secretLine: pin?.text(),
        signal,
      })
      // Exit codes of cmu are not documented: what counts is the file.
      const bytes = await readBounded(file)
      if (bytes !== undefined && looksLikeContentInfo(bytes)) return bytes
      last = `exit ${exitCode ?? 'by signal'}: ${lastLine(output)}`
    }
    throw new DeviceError(
      'key.not-attestable',
      `Could not get the public key confirmation of ${key.location}: cmu getpkc wrote none (${last}).`,
      {
        remedy: `Run it by hand: ${cmu} ${command(names[0] ?? '').join(' ')} -outputfile=pkc.p7b, and pass the file to hsm-enroll check.`,
      },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** At most MAX_BYTES and one; undefined where there is no such file. */
async function readBounded(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      const buffer = Buffer.alloc(MAX_BYTES + 1)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
      return Uint8Array.from(buffer.subarray(0, bytesRead))
    } finally {
      await file.close()
    }
  } catch {
    return undefined
  }
}
