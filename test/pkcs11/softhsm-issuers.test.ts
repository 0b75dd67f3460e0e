import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasIssuerStore } from '../../devices/device.ts'
import { HsmDevice } from '../../devices/pkcs11/hsm-device.ts'
import { openToken } from '../../devices/pkcs11/open-token.ts'
import type { Name } from '../../src/asn1/name.ts'
import { issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { closing } from './hsm-double.ts'
import { plainFamily } from './open-plain-token.ts'
import { softhsmAvailable } from './softhsm-token.ts'
import { spec, withPin, withSofthsm } from './with-softhsm.ts'

const named = (value: string): Name => [[{ oid: '2.5.4.3', value }]]
const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ type: 'spki', format: 'der' }))

/** A root and an intermediate, and what they issue. */
function authority(name: string) {
  const [root, intermediate] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  if (root === undefined || intermediate === undefined) throw new Error('no keys')
  const issue = (subject: string, issuer: string, spki: Uint8Array, issuerKey: KeyObject): Uint8Array =>
    issueCertificate({
      ...{ subject: named(subject), issuer: named(issuer), spki, issuerKey },
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2027-01-01T00:00:00Z'),
    })
  return {
    issuers: [
      issue(`${name} CA`, `${name} Root`, spkiOf(intermediate.publicKey), root.privateKey),
      issue(`${name} Root`, `${name} Root`, spkiOf(root.publicKey), root.privateKey),
    ],
    leaf: (subject: string, spki: Uint8Array) => issue(subject, `${name} CA`, spki, intermediate.privateKey),
  }
}

describe.runIf(softhsmAvailable())('issuers on SoftHSM2', () => {
  const under = withSofthsm()
  const open = async (): Promise<HsmDevice> =>
    await openToken(plainFamily('LUNA'), under().uri, withPin().open, {}, (opened) => new HsmDevice(opened))
  const labels = (): readonly string[] =>
    [
      ...under()
        .pkcs11Tool('--list-objects', '--type', 'cert')
        .toString()
        .matchAll(/label:\s+(.*)/g),
    ].map(([, label]) => label ?? '')
  const ours = (): number => labels().filter((label) => /^issuer [0-9a-f]{12} \(hsm-enroll\)$/.test(label)).length

  it('are stored once, stay as long as a certificate needs them, and go with the last', async () => {
    const [before, had] = [labels(), ours()]
    await closing(await open(), async (opened) => {
      const token = opened as HsmDevice
      const [first, second] = [authority('First'), authority('Second')]
      const keys = [await token.generateKeyPair(spec('P-256', 'a')), await token.generateKeyPair(spec('P-256', 'b'))]
      for (const key of keys) {
        const leaf = first.leaf(key.location, key.publicKey)
        await token.storeCertificate(key, leaf)
        await token.storeIssuers(first.issuers)
        expect(await token.readCertificate(key)).toEqual(leaf)
      }
      expect(ours()).toBe(had + 2)
      expect(await token.removeUnusedIssuers()).toBe(0)
      const [a, b] = keys
      if (a === undefined || b === undefined) throw new Error('no keys')
      await token.storeCertificate(a, second.leaf('renewed', a.publicKey), { replace: true })
      expect(await token.storeIssuers(second.issuers)).toBe(2)
      expect(await token.removeUnusedIssuers(), 'b still needs the first ones').toBe(0)
      await token.deleteKey(b.location, b.publicKey)
      expect(await token.removeUnusedIssuers(), 'nobody needs the first ones').toBe(2)
      expect(ours()).toBe(had + 2)
      await token.deleteKey(a.location, a.publicKey)
      expect(await token.removeUnusedIssuers()).toBe(2)
      expect(labels().toSorted()).toEqual(before.toSorted())
    })
  })

  it('of other people are neither stored twice nor removed', async () => {
    const { issuers } = authority('Third')
    const [intermediate] = issuers
    const file = join(under().lockFolder, 'ca.der')
    writeFileSync(file, intermediate ?? '')
    under().pkcs11Tool('--login', '--pin', '648219', '--write-object', file, '--type', 'cert', '--label', 'theirs')
    await closing(await open(), async (opened) => {
      const token = opened as HsmDevice
      expect(await token.storeIssuers(issuers), 'the root alone').toBe(1)
      expect(await token.removeUnusedIssuers(), 'theirs was issued by it').toBe(0)
      expect(labels()).toContain('theirs')
      expect(ours()).toBe(1)
    })
  })

  it('are no ability of a token in general, as PIV cards have no place for them', async () => {
    expect(hasIssuerStore(await under().open())).toBe(false)
  })
})
