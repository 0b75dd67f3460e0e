import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Certificate, parseCertificate } from '../asn1/certificate.ts'
import { readPem } from '../asn1/pem.ts'
import { refuseKeysIn } from '../check/read/hidden-keys.ts'
import { EnrollError } from '../errors.ts'
import { fileFault, readBoundedFile } from '../files/bounded-file.ts'
import { syncDirectory } from '../files/sync-directory.ts'

const MAX_BUNDLE = 64 << 20

/** Throws EnrollError `input.unreadable`, `input.private-key`. */
export async function readBundleFile(path: string): Promise<Uint8Array> {
  const bytes = await readBoundedFile(path, MAX_BUNDLE).catch((cause: unknown) => {
    throw new EnrollError('input.unreadable', `Could not read ${path}: ${fileFault(cause)}.`, {
      remedy: 'Check the path and the permissions.',
      cause,
    })
  })
  refuseKeysIn(bytes, path)
  return bytes
}

/** A new file, whole and on disk; never over another. Throws EnrollError `usage`. */
export async function createBundleFile(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    throw new EnrollError('usage', `Could not write ${path}: ${fileFault(cause)}.`, {
      remedy: 'Specify another file with --output.',
      cause,
    })
  })
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The file with other content: the old one or the new one is there, never a part. */
export async function replaceBundleFile(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  await createBundleFile(draft, bytes)
  try {
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Every certificate of a file, PEM or DER. Throws EnrollError `certificate.unreadable`, and what the readers throw. */
export function certificatesIn(bytes: Uint8Array, file: string): readonly [Certificate, ...Certificate[]] {
  const blocks =
    bytes[0] === 0x30 ? [{ label: 'CERTIFICATE', der: bytes }] : readPem(Buffer.from(bytes).toString('utf8'))
  const [first, ...rest] = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => parseCertificate(der))
  if (first === undefined) {
    throw new EnrollError('certificate.unreadable', `Could not find a certificate in ${file}.`, {
      remedy: 'Pass the certificate in PEM or DER form.',
    })
  }
  return [first, ...rest]
}
