import type { AdvisoryRow } from './knowledge.ts'

const CHECKED = '2026-11-29'
const EUCLEAK = {
  id: 'eucleak',
  name: 'EUCLEAK',
  references: ['CVE-2024-45678', 'YSA-2024-03'],
  published: '2024-09-03',
  keyTypes: ['EC'],
  attestationKey: true,
  shownBy: 'firmware',
  proves: 'firmware and key type. Whether anybody had the device in hand and measured it cannot be seen',
  severity: 'warn',
  source: 'Yubico YSA-2024-03; support.yubico.com article 15705749884444',
  checked: CHECKED,
} as const
const BIO = ['06', '07']
const YUBIKEY_REMEDY =
  'Use a YubiKey with firmware 5.7 or later, or an RSA key: 2048 bits for document signing on this device. Firmware cannot be updated. If the key stays, keep the device under lock.'

/** Published weaknesses, one a row; one weakness has a row for each kind of device. */
// biome-ignore format: a table
export const ADVISORIES: readonly AdvisoryRow[] = [
  { ...EUCLEAK, hsmType: 'YUBIKEY', firmware: { before: '5.7.0' }, exceptFormFactors: BIO, remedy: YUBIKEY_REMEDY },
  { ...EUCLEAK, hsmType: 'YUBIKEY', firmware: { before: '5.7.2' }, formFactors: BIO, remedy: YUBIKEY_REMEDY },
  { ...EUCLEAK, hsmType: 'YUBIHSM2', firmware: { before: '2.4.0' }, remedy: 'Use a YubiHSM 2 with firmware 2.4.0 or later, or an RSA key. Firmware cannot be updated. If the key stays, keep the device under lock.' },
  { id: 'roca', name: 'ROCA', references: ['CVE-2017-15361', 'YSA-2017-01'], published: '2017-10-16', hsmType: 'YUBIKEY', firmware: { from: '4.2.0', to: '4.3.4' }, keyTypes: ['RSA'], shownBy: 'firmware', proves: 'firmware and key type; the modulus is tested for the fingerprint as well, whatever the device', severity: 'refuse', remedy: 'Generate the key on a YubiKey with firmware 5.7 or later; an EC key on this device is not affected by ROCA, but by EUCLEAK.', source: 'Yubico YSA-2017-01 (4.2.6 to 4.3.4; Yubico’s own tools refuse RSA from 4.2.0)', checked: CHECKED },
  { id: 'ysa-2019-02', name: 'reduced randomness after power-up', references: ['YSA-2019-02'], published: '2019-06-13', hsmType: 'YUBIKEY', firmware: { from: '4.4.2', to: '4.4.4' }, fipsSeries: true, keyTypes: ['RSA', 'EC'], shownBy: 'firmware', proves: 'firmware and series. Whether the key was among the first operations after power-up cannot be seen', severity: 'warn', remedy: 'Have Yubico replace the device, or use one with firmware 5.7 or later, and generate a new key.', source: 'Yubico YSA-2019-02', checked: CHECKED },
  { id: 'close-primes', name: 'close primes', references: ['CVE-2022-26320'], published: '2022-03-14', keyTypes: ['RSA'], shownBy: 'modulus', proves: 'the modulus is taken apart by 100 rounds of Fermat’s method: a key that falls is public', severity: 'refuse', remedy: 'Generate a new key on another device, and report the device to its vendor.', source: 'fermatattack.secvuln.info; CA/Browser Forum, Baseline Requirements 6.1.1.3 (100 rounds)', checked: CHECKED },
  { id: 'debian-weak', name: 'Debian weak keys', references: ['CVE-2008-0166'], published: '2008-05-13', keyTypes: ['RSA'], shownBy: 'nothing', proves: 'that the key was generated on the device, and so not by Debian’s OpenSSL; keys are not compared with the lists of weak ones', severity: 'warn', remedy: 'Nothing for an attested key; compare an imported one with the lists of openssl-blacklist.', source: 'Debian DSA-1571', checked: CHECKED },
]
