import type { CertificationRow } from './knowledge.ts'

/** NIST moved every 140-2 certificate to the historical list on this day; some vendors' pages say the day after. */
const END_OF_140_2 = '2026-09-21'
const OLD = { standard: '140-2', historicalFrom: END_OF_140_2, checked: '2026-11-29' } as const
const NEW = { standard: '140-3', checked: '2026-11-29' } as const

/** FIPS 140 validations, one a row; the first that fits a device counts. What is not here is not known. */
// biome-ignore format: a table
export const CERTIFICATIONS: readonly CertificationRow[] = [
  { ...OLD, hsmType: 'YUBIKEY', marked: true, firmware: { from: '5.4.2', to: '5.4.3' }, level: 2, basis: 'certificate', note: 'also at level 1, under a certificate of its own; physical security level 3', source: 'YubiKey 5 Cryptographic Module, FIPS 140-2 security policy 1.4 (firmware 5.4.2 and 5.4.3); docs.yubico.com, YubiKey 5 FIPS Series specifics' },
  { ...NEW, hsmType: 'YUBIKEY', marked: true, firmware: { from: '5.7.4', to: '5.7.4' }, level: 2, basis: 'vendor', from: '2026-05-26', note: 'an older page of Yubico still calls it "in coordination"; no certificate number was found', source: 'docs.yubico.com, FIPS 140-3 migration, "Ordering FIPS-Validated YubiKeys"' },
  { ...OLD, hsmType: 'YUBIKEY', marked: true, firmware: { from: '4.4.5', to: '4.4.5' }, level: 2, certificate: '3517', basis: 'certificate', from: '2019-04-30', note: 'physical security level 3', source: 'docs.yubico.com, YubiKey FIPS (4 Series) overview (certificate 3517); Yubico YSA-2019-02 (firmware 4.4.5, certified on 2019-04-30)' },
  { ...OLD, hsmType: 'YUBIKEY', marked: true, firmware: { from: '4.4.0', to: '4.4.4' }, level: 2, certificate: '3517', basis: 'certificate', inference: 'that certificate 3517 of the YubiKey 4 module lists firmware before 4.4.5 was not compared', note: 'physical security level 3', source: 'docs.yubico.com, YubiKey FIPS (4 Series) overview' },
  { ...OLD, hsmType: 'YUBIHSM2', marked: true, level: 3, certificate: '3916', basis: 'certificate', inference: 'which firmware the certificate lists was not compared', note: 'a FIPS 140-3 certificate was not found', source: 'Yubico, YubiHSM 2 command reference; YubiHSM 2 Cryptographic Module, FIPS 140-2 security policy 1.3' },
  { ...NEW, hsmType: 'LUNA', firmware: { from: '7.8.4', to: '7.8.4' }, level: 3, certificate: '4684', basis: 'certificate', inference: 'a confirmation states the firmware as 7 and 84, which is read as 7.8.4', source: 'thalesdocs.com, Luna HSM 7 firmware pages' },
  { ...OLD, hsmType: 'LUNA', firmware: { from: '7.7.0', to: '7.7.9' }, level: 3, certificate: '4090', basis: 'certificate', inference: 'a confirmation states the firmware as 7 and 70 to 79, which is read as 7.7.0 to 7.7.9', source: 'thalesdocs.com, Luna HSM 7 firmware pages' },
  { ...OLD, hsmType: 'NSHIELD', approval: 'FIPS140, 2, 3', level: 3, basis: 'vendor', note: 'by the approval in the warrant that Entrust signed; evidence states no firmware', source: "the module's warrant; NIST, FIPS 140-3 transition" },
  { ...OLD, hsmType: 'FORTANIX', level: 3, basis: 'vendor', note: 'evidence states neither appliance nor firmware', source: 'Fortanix trust centre' },
  { ...OLD, hsmType: 'MARVELL_GOOGLE', marked: true, level: 3, certificate: '4399', basis: 'certificate', inference: 'cards are taken for those of the certificate by their name ("for FIPS mode"); evidence states no firmware', note: 'a FIPS 140-3 policy for a "Google HSM" was published in 2026; whether Cloud HSM runs on it is not known', source: 'Google, Cloud HSM architecture paper (2023)' },
]
