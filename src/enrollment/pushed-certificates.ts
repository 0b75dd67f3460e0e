import { access, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { readPem, writePem } from '../asn1/pem.ts'
import { EnrollError } from '../errors.ts'
import type { Run } from './run.ts'
import type { RunFolder } from './run-folder.ts'
import { acceptCertificates } from './steps/accept-certificates.ts'

/** Where `listen` leaves what was pushed for a run on which another process waits. Unproven until the run has looked at it. */
const FILE = 'pushed.pem'

export async function leavePushed(folder: RunFolder, ders: readonly Uint8Array[]): Promise<void> {
  await folder.writeArtefact(FILE, Buffer.from(ders.map((der) => writePem('CERTIFICATE', der)).join('')))
}

export const hasPushed = (folder: RunFolder): Promise<boolean> =>
  access(join(folder.path, FILE)).then(
    () => true,
    () => false,
  )

/** Takes what was left, once; true where it held the run's certificate. Anything else in it is dropped. */
export async function takePushed(run: Run): Promise<boolean> {
  if (!(await hasPushed(run.folder))) return false
  const file = join(run.folder.path, FILE)
  try {
    const blocks = readPem(await readFile(file, 'latin1'))
    await acceptCertificates(
      run,
      blocks.map(({ der }) => der),
      'pushed by the CA',
    )
    await unlink(file)
    return true
  } catch (error) {
    // What the disk did not take is still there for the next time.
    if (!(error instanceof EnrollError)) throw error
    await unlink(file)
    return false
  }
}
