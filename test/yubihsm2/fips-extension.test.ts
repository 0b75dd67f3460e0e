import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasFipsExtension } from '../../devices/yubihsm2/fips-extension.ts'
import { parseCertificate } from '../../src/asn1/certificate.ts'
import { readPem } from '../../src/asn1/pem.ts'
import { sharedFolder } from '../shared-folder.ts'

const vectors = sharedFolder('vectors')

describe.runIf(vectors !== undefined)("genuine devices' certificates", () => {
  it('show whether they are FIPS models', () => {
    const folder = join(vectors ?? '', 'yubihsm2')
    const certificates = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('attestation.pem'))
      .flatMap((name) => readPem(readFileSync(join(folder, name), 'utf8')))
    const found = certificates.map(({ der }) => hasFipsExtension(der))
    expect(found).toEqual(certificates.map(({ der }) => parseCertificate(der).extensions.has('1.3.6.1.4.1.41482.4.10')))
    expect(new Set(found)).toEqual(new Set([true, false]))
  })
})
