/** What a key's life asks of a PKCS#11 module, one step after another; the same for every module. */
import { createPublicKey, randomBytes, verify, X509Certificate } from 'node:crypto'
import type { Device, KeyAlgorithm } from '../../devices/device.ts'
import { discoverTokens } from '../../devices/pkcs11/discover-tokens.ts'
import { HsmDevice } from '../../devices/pkcs11/hsm-device.ts'
import { openToken } from '../../devices/pkcs11/open-token.ts'
import type { Pkcs11Device } from '../../devices/pkcs11/pkcs11-device.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { buildCertificationRequest } from '../../src/csr/build-certification-request.ts'
import { closing, deviceFailure, recordedOptions } from '../pkcs11/hsm-double.ts'
import { issueCertificate, issuingAuthority } from '../pkcs11/issue-certificate.ts'
import { openPlainToken, plainFamily } from '../pkcs11/open-plain-token.ts'
import { readByStranger, STRANGERS } from '../requests/strangers.ts'

export interface ModuleUnderTest {
  /** `pkcs11:…?module-path=…`, of one token. */
  readonly uri: string
  readonly label: string
  readonly pin: string
  /** Well-formed, and not the PIN. */
  readonly wrongPin: string
  /** What the steps that ask nothing of the key's type generate. */
  readonly anyAlgorithm: KeyAlgorithm
}

type Opened = Device & HsmDevice

const HOST = 'LUNA'
const DATA = Buffer.from('a document')

/** Fails with its claim. */
function holds(fact: boolean, claim: string): void {
  if (!fact) throw new Error(`not so: ${claim}`)
}

async function withToken<Result>(
  { uri, pin }: ModuleUnderTest,
  use: (device: Opened) => Promise<Result>,
): Promise<Result> {
  const { open } = recordedOptions({ pin })
  const opened = await openToken(plainFamily(HOST), uri, open, {}, (token) => new HsmDevice(token))
  return await closing(opened, (device) => use(device as Opened))
}

const spec = (algorithm: KeyAlgorithm, label = `rig ${algorithm}`, id: Uint8Array = randomBytes(16)) => ({
  algorithm,
  label,
  id,
})

async function discover(module: ModuleUnderTest): Promise<void> {
  const { devices, trail } = await discoverTokens(plainFamily(HOST), { uri: module.uri })
  const uris = devices.map(({ uri }) => uri)
  holds(new Set(uris).size === uris.length, `tokens have a URI each: ${uris.join(' ')}`)
  const found = devices.find(({ details }) => details?.token === module.label)
  if (found === undefined) throw new Error(`token ${module.label} is not among ${uris.join(' ')} (${trail.join('; ')})`)
  const opened = await openPlainToken(found.uri, recordedOptions({}).open, HOST)
  await closing(opened, async (device) => holds((await device.describe()).uri === found.uri, 'its URI opens it'))
}

/** One C_Login for a wrong PIN, however often the device is asked for something; the right one is taken afterwards. */
async function wrongPin(module: ModuleUnderTest): Promise<void> {
  const given = recordedOptions({ pin: module.wrongPin })
  await closing(await openPlainToken(module.uri, given.open, HOST), async (device) => {
    for (let time = 0; time < 2; time++) {
      const { code, message } = await deviceFailure((device as Device & Pkcs11Device).listKeys())
      holds(code === 'pin.wrong', `a wrong PIN is told as that, not ${code}: ${message}`)
    }
    holds(given.calls('C_Login') === 1, `one login, not ${given.calls('C_Login')}`)
  })
  await withToken(module, async (device) => void (await device.listKeys()))
}

/** Generated, not exportable, signs, and its request is read by strangers. */
const key =
  (algorithm: KeyAlgorithm) =>
  async (module: ModuleUnderTest): Promise<void> => {
    const made = await withToken(module, async (device) => {
      const key = await device.generateKeyPair(spec(algorithm))
      const { sensitive, extractable } = key.attributes ?? {}
      holds(sensitive === true && extractable === false, 'the key is sensitive and not extractable')
      const request = await buildCertificationRequest({ subject: parseNameText(`CN=${algorithm},C=NL`) }, key)
      for (const stranger of STRANGERS) readByStranger(stranger, writePem('CERTIFICATE REQUEST', request.der))
      return key
    })
    await withToken(module, async (device) => {
      const again = await device.findKey({ location: made.location })
      if (again === undefined) throw new Error(`${made.location} is not found in another session`)
      holds(Buffer.compare(again.publicKey, made.publicKey) === 0, 'the same public key in another session')
      const publicKey = createPublicKey({ key: Buffer.from(again.publicKey), format: 'der', type: 'spki' })
      for (const hash of ['SHA-256', 'SHA-384', 'SHA-512'] as const)
        holds(verify(hash.replace('-', ''), DATA, publicKey, await again.sign(hash, DATA)), `a signature with ${hash}`)
    })
  }

async function duplicate(module: ModuleUnderTest): Promise<void> {
  await withToken(module, async (device) => {
    const first = spec(module.anyAlgorithm, 'rig taken')
    await device.generateKeyPair(first)
    for (const again of [spec(module.anyAlgorithm, first.label), spec(module.anyAlgorithm, 'rig another', first.id)])
      holds(
        (await deviceFailure(device.generateKeyPair(again))).code === 'key.exists',
        'a taken label or id is refused',
      )
    holds((await device.listKeys()).filter(({ label }) => label === first.label).length === 1, 'one key is there')
  })
}

/** Stored, refused, replaced (with another subject), each read back in another session; that of a neighbour stays. */
async function certificate(module: ModuleUnderTest): Promise<void> {
  const locations = await withToken(module, async (device) => {
    const mine = await device.generateKeyPair(spec(module.anyAlgorithm, 'rig stored'))
    const other = await device.generateKeyPair(spec(module.anyAlgorithm, 'rig neighbour'))
    const [old, fresh, others] = [
      issueCertificate(mine.publicKey, 'Old Ltd'),
      issueCertificate(mine.publicKey, 'New Ltd'),
      issueCertificate(other.publicKey, 'Neighbour Ltd'),
    ]
    await device.storeCertificate(mine, old)
    await device.storeCertificate(other, others)
    const refused = await deviceFailure(device.storeCertificate(mine, fresh))
    holds(refused.code === 'certificate.exists', 'another certificate is refused unless it replaces')
    await device.storeCertificate(mine, fresh, { replace: true })
    return [
      { location: mine.location, expected: fresh },
      { location: other.location, expected: others },
    ]
  })
  await withToken(module, async (device) => {
    for (const { location, expected } of locations) {
      const found = await device.findKey({ location })
      if (found === undefined) throw new Error(`${location} is gone`)
      const read = await device.readCertificate(found)
      holds(read !== undefined && Buffer.compare(read, expected) === 0, `the certificate of ${location} is read back`)
    }
  })
}

/** Stored beside a certificate that they issued, gone when that has gone; a second time they are there already. */
async function issuers(module: ModuleUnderTest): Promise<void> {
  const authority = issuingAuthority()
  await withToken(module, async (device) => {
    const key = await device.generateKeyPair(spec(module.anyAlgorithm, 'rig issued'))
    await device.storeCertificate(key, authority.issue(key.publicKey))
    holds((await device.storeIssuers([authority.certificate])) === 1, 'the issuer is stored')
    holds((await device.storeIssuers([authority.certificate])) === 0, 'and not stored twice')
    holds((await device.removeUnusedIssuers()) === 0, 'it stays as long as it is needed')
    await device.deleteKey(key.location, key.publicKey)
    holds((await device.removeUnusedIssuers()) === 1, 'it goes with the last certificate that needs it')
  })
}

/** The one key with its certificate; no other. */
async function deletion(module: ModuleUnderTest): Promise<void> {
  await withToken(module, async (device) => {
    const before = (await device.listKeys()).map(({ location }) => location)
    const gone = await device.generateKeyPair(spec(module.anyAlgorithm, 'rig deleted'))
    await device.storeCertificate(gone, issueCertificate(gone.publicKey, 'Deleted Ltd'))
    await device.deleteKey(gone.location, gone.publicKey)
    const after = (await device.listKeys()).map(({ location }) => location)
    holds(
      JSON.stringify([...after].sort()) === JSON.stringify([...before].sort()),
      'all other keys are there, and only they',
    )
  })
}

/** Every key that the token shows by now signs, and what it has of a certificate is its own. */
async function everyKey(module: ModuleUnderTest): Promise<void> {
  await withToken(module, async (device) => {
    const listed = await device.listKeys()
    holds(listed.length > 0, 'there is a key')
    for (const { location } of listed) {
      const key = await device.findKey({ location })
      if (key === undefined) throw new Error(`${location} is listed and not found`)
      const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
      holds(verify('sha256', DATA, publicKey, await key.sign('SHA-256', DATA)), `the signature of ${location}`)
      const der = await device.readCertificate(key)
      holds(der === undefined || new X509Certificate(der).publicKey.equals(publicKey), `the certificate of ${location}`)
    }
  })
}

/** In the order in which they run. */
export const STEPS: Readonly<Record<string, (module: ModuleUnderTest) => Promise<void>>> = {
  discover,
  'wrong PIN': wrongPin,
  'RSA-2048': key('RSA-2048'),
  'RSA-3072': key('RSA-3072'),
  'RSA-4096': key('RSA-4096'),
  'P-256': key('P-256'),
  'P-384': key('P-384'),
  duplicate,
  certificate,
  issuers,
  deletion,
  'every key': everyKey,
}
