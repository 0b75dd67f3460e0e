import { decodeText } from '../../src/asn1/decode-text.ts'
import { recogniseFamily } from '../../src/attestation/recognise-family.ts'
import { readCertificates } from '../../src/check/read/certificates-input.ts'
import { readEvidence } from '../../src/check/read/evidence-input.ts'
import { readPublicKey } from '../../src/check/read/public-key-input.ts'
import { readCertificationRequest } from '../../src/check/read/request-input.ts'
import { EnrollError } from '../../src/errors.ts'
import type { Specimen } from './corpus.ts'
import { FORMS, type Form } from './forms.ts'
import type { HostileRunOptions, Read, Wrap } from './hostile-run.ts'
import type { Random } from './random.ts'

const isPem = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, 27)).toString('latin1') === '-----BEGIN CERTIFICATE-----'

const formsOf = (bytes: Uint8Array): readonly Form[] =>
  FORMS.filter(
    ({ of }) =>
      of === 'bytes' || (of === 'text' && decodeText(bytes) !== undefined) || (of === 'certificates' && isPem(bytes)),
  )

/** One of the forms that fit the bytes; at times two, one around the other. */
const wrap: Wrap = (bytes: Uint8Array, random: Random): Uint8Array => {
  const once = random.pick(formsOf(bytes)).make(Buffer.from(bytes))
  return random.below(4) > 0 ? once : random.pick(formsOf(once)).make(Buffer.from(once))
}

const OTHER_READERS: readonly ((bytes: Uint8Array) => unknown)[] = [
  readCertificationRequest,
  readPublicKey,
  readCertificates,
]

/** Reads the mutant as `check` would, without being told of whom it is; the other readers must refuse or read it, too. */
const read: Read = (mutant: Specimen): Specimen => {
  for (const reader of OTHER_READERS) refuseOrRead(reader, mutant.package)
  const evidence = readEvidence(mutant.package)
  const certChains = evidence.certChains ?? mutant.certChains
  return {
    ...mutant,
    hsmType: recogniseFamily(evidence.package),
    package: evidence.package,
    ...(certChains === undefined ? {} : { certChains }),
  }
}

function refuseOrRead(reader: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    reader(bytes)
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
  }
}

/** For a HostileRun whose mutants are files in the forms in which people have them. */
export const FORMS_RUN: Pick<HostileRunOptions, 'read' | 'wrap'> = { read, wrap }
