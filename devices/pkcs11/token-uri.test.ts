import { describe, expect, it } from 'vitest'
import type { TokenDescription } from './token-description.ts'
import { matchesToken, readTokenUri, tokenUri } from './token-uri.ts'

const token: TokenDescription = {
  slotId: 7,
  slotDescription: 'Reader 1',
  label: 'Signing; 50%',
  manufacturer: 'Maker & Sons',
  model: 'M1',
  serial: '00ff',
  flags: 0x400,
  minPinLength: 4,
  maxPinLength: 8,
  hardwareVersion: '1.0',
  firmware: { major: 1, minor: 0 },
}

describe('token URIs (RFC 7512)', () => {
  it('match by every attribute they name', () => {
    for (const uri of [
      'pkcs11:',
      'pkcs11:token=Signing%3B%2050%25',
      'pkcs11:serial=00ff;model=M1',
      'pkcs11:slot-id=7',
      'pkcs11:manufacturer=Maker%20%26%20Sons;slot-description=Reader%201',
    ]) {
      expect(matchesToken(readTokenUri(uri), token), uri).toBe(true)
    }
    for (const uri of [
      'pkcs11:token=Signing',
      'pkcs11:serial=00FF',
      'pkcs11:slot-id=8',
      'pkcs11:token=Signing%3B%2050%25;serial=1',
    ]) {
      expect(matchesToken(readTokenUri(uri), token), uri).toBe(false)
    }
  })

  it('name the token again', () => {
    expect(matchesToken(readTokenUri(tokenUri('luna', token)), token)).toBe(true)
    expect(tokenUri('nshield', { ...token, serial: '', label: '' }, '/opt/m.so')).toBe(
      'nshield:slot-id=7?module-path=/opt/m.so',
    )
  })

  it('carry an id of any bytes, wherever it stands', () => {
    for (const uri of [
      'pkcs11:id=%ff%00a%3B;token=T',
      'pkcs11:token=T;id=%ff%00a%3b',
      'pkcs11:token=T;id=%FF%00a%3b?module-path=/m.so',
      'pkcs11:object=id;id=%ff%00a%3b;token=T',
    ]) {
      const query = readTokenUri(uri)
      expect(query.id, uri).toEqual(Uint8Array.of(0xff, 0, 0x61, 0x3b))
      expect(query.token, uri).toBe('T')
    }
  })

  it.each([
    'pkcs11:tokn=x',
    'pkcs11:token=a;token=b',
    'pkcs11:token=x?pin-value=1',
    'pkcs11:token=x?pin-sauce=y',
    'pkcs11:slot-id=x',
    'pkcs11:abc',
    'pkcs11:token=%zz',
  ])('refuse %s', (uri) => {
    expect(() => readTokenUri(uri)).toThrow(/device URI/)
  })

  it("take a family's own attribute and nobody else's", () => {
    expect(readTokenUri('yubikey:slot=9c', ['slot']).extra.get('slot')).toBe('9c')
    expect(() => readTokenUri('luna:slot=9c')).toThrow('"slot"')
  })
})
