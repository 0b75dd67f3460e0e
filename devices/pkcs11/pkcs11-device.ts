import type {
  Attestation,
  CertificateStore,
  Device,
  DeviceDescription,
  DeviceKey,
  HashName,
  HsmType,
  KeyAlgorithm,
  KeyDeletion,
  KeyListing,
  KeyRef,
  KeySpec,
  ListedKey,
  Obstacle,
} from '../device.ts'
import { DeviceError } from '../device-error.ts'
import {
  certificateExists,
  checkCertificateFits,
  isFor,
  replaceCertificates,
  type StoredCertificate,
  storedCertificates,
} from './certificate-objects.ts'
import { destroyEach } from './destroy-objects.ts'
import {
  describeIdentity,
  findByClass,
  identityTemplate,
  onlyOne,
  readIdentity,
  readSpki,
  spkiFromCertificate,
} from './find-key-objects.ts'
import { checkKeySpec, generateKeyPair } from './generate-key-pair.ts'
import { EC_GENERATION, RSA_GENERATION } from './key-algorithm.ts'
import { deleteKey, listKeys } from './key-inventory.ts'
import { STRICT, type TemplateTraits } from './key-template.ts'
import type { OpenedToken } from './open-token.ts'
import { CKA } from './pkcs11-constants.ts'
import { signWithKey } from './sign-with-key.ts'
import { cannotAttest } from './software-token.ts'
import { plainFirmware, type TokenDescription } from './token-description.ts'
import { type KeyIdentity, type KeyOperations, keyLocation, parseKeyLocation, TokenKey } from './token-key.ts'
import { capabilitiesOf, type GenerationPreference, whyNotGenerated } from './token-mechanisms.ts'
import { findObjects, readAttribute, readKeyAttributes } from './token-objects.ts'
import { otherVendor, tokenObstacles } from './token-obstacles.ts'
import type { Role } from './token-session.ts'
import { tokenUri } from './token-uri.ts'

/** How long closing waits for a call that is still inside the module after an abort. */
const SETTLE_MS = 2000

/**
 * A token behind a PKCS#11 module, by the standard alone. The families derive from it and change what their device does
 * otherwise; what stands here must serve any of them.
 */
export class Pkcs11Device implements Device, CertificateStore, KeyListing, KeyDeletion, KeyOperations {
  readonly hsmType: HsmType
  protected readonly opened: OpenedToken
  #closed = false

  constructor(opened: OpenedToken) {
    this.opened = opened
    this.hsmType = opened.family.hsmType
  }

  protected get session(): OpenedToken['session'] {
    return this.opened.session
  }

  protected get subject(): string {
    return this.opened.cryptoki.subject
  }

  // What a family may change.

  protected readonly preference: GenerationPreference = { rsa: RSA_GENERATION, ec: EC_GENERATION }

  protected templateTraits(_spec: KeySpec): TemplateTraits {
    return STRICT
  }

  /** Why the device makes no such key, or undefined. */
  protected reasonAgainst(algorithm: KeyAlgorithm): string | undefined {
    return whyNotGenerated(algorithm, this.opened.mechanisms, this.preference)
  }

  protected get generationRole(): Role {
    return this.session.userRole
  }

  protected get certificateRole(): Role {
    return this.session.userRole
  }

  /** CKA_ID of a new key. */
  protected keyId(spec: KeySpec): Uint8Array {
    return spec.id
  }

  protected locationOf(identity: KeyIdentity): string {
    return keyLocation(identity)
  }

  protected identityAt(location: string): Partial<KeyIdentity> | undefined {
    return parseKeyLocation(location)
  }

  protected fipsOf(_token: TokenDescription): DeviceDescription['fips'] {
    return 'unknown'
  }

  protected async familyObstacles(_token: TokenDescription): Promise<readonly Obstacle[]> {
    return []
  }

  /** What the family says of a wrong module explains why the token calls itself otherwise. */
  async #obstaclesOfKind(token: TokenDescription): Promise<readonly Obstacle[]> {
    const own = await this.familyObstacles(token)
    if (own.some(({ code }) => code === 'device.module')) return own
    return [...otherVendor(this.opened.family, token, this.subject), ...own]
  }

  protected announceSignature(_key: TokenKey): void {
    this.opened.options.onProgress?.({ kind: 'signing', message: `Signing with ${this.subject}.` })
  }

  /** May a signature that wants a PIN be tried again with one? */
  protected mayAskAgain(_key: TokenKey): boolean {
    return true
  }

  /** The evidence package of the family; the standard knows none. */
  async attest(key: TokenKey): Promise<Attestation> {
    throw cannotAttest(this.slotToken, this.subject, key.location)
  }

  // The contract.

  protected get slotToken(): TokenDescription {
    return this.opened.slot.token
  }

  async describe(): Promise<DeviceDescription> {
    const token = this.session.token()
    const { family, found, module, tokens } = this.opened
    return {
      hsmType: this.hsmType,
      vendor: token.manufacturer,
      model: token.model,
      ...(token.serial === '' ? {} : { serial: token.serial }),
      firmware: (family.firmware ?? plainFirmware)(token),
      fips: this.fipsOf(token),
      uri: tokenUri(family.scheme, token, this.opened.query.modulePath, tokens),
      capabilities: capabilitiesOf((algorithm) => this.reasonAgainst(algorithm)),
      obstacles: [...tokenObstacles(token, this.subject), ...(await this.#obstaclesOfKind(token))],
      details: {
        token: token.label,
        slot: `${token.slotId} ${token.slotDescription}`.trim(),
        module: `${found.path} (${module.description}; ${found.origin})`,
      },
    }
  }

  async generateKeyPair(spec: KeySpec): Promise<DeviceKey> {
    const { mechanisms, options } = this.opened
    checkKeySpec(spec, this.reasonAgainst(spec.algorithm), this.subject)
    await this.session.login(this.generationRole)
    this.refuseOccupied(spec)
    options.onProgress?.({
      kind: 'generating',
      message: `Generating a key of type ${spec.algorithm} on ${this.subject}; this may take minutes.`,
    })
    const id = this.keyId(spec)
    const generated = await generateKeyPair(
      this.session,
      mechanisms,
      this.preference,
      spec,
      this.templateTraits(spec),
      id,
    )
    const made = {
      publicKey: this.#confirmed('PUBLIC_KEY', generated.publicKey, id),
      privateKey: this.#confirmed('PRIVATE_KEY', generated.privateKey, id),
    }
    const publicKey = readSpki(this.session, made.publicKey)
    if (publicKey === undefined) {
      throw new DeviceError('device.protocol', `Could not read the new public key from ${this.subject}.`, {
        remedy: 'Resume the run: it looks for the key again.',
      })
    }
    const identity = { label: spec.label, id }
    const key = new TokenKey(this, {
      location: this.locationOf(identity),
      identity,
      publicKey,
      publicHandle: made.publicKey,
      privateHandle: made.privateKey,
    })
    key.attributes = readKeyAttributes(this.session, made.privateKey)
    if (key.attributes.extractable === true || key.attributes.sensitive === false) this.#removeExportable(identity)
    return key
  }

  /** A module may return a handle that another object has: the one with the id of the new key is it. */
  #confirmed(objectClass: 'PUBLIC_KEY' | 'PRIVATE_KEY', handle: Buffer, id: Uint8Array): Buffer {
    const known = readAttribute(this.session, handle, CKA.ID)
    if (known === undefined || known.equals(id)) return handle
    return onlyOne(this.session, findByClass(this.session, objectClass, { id }), describeIdentity({ id })) ?? handle
  }

  /** A key just made that can leave the token is of no use and must not stay. */
  #removeExportable(identity: KeyIdentity): never {
    for (const objectClass of ['PRIVATE_KEY', 'PUBLIC_KEY'] as const) {
      destroyEach(this.session, () => findByClass(this.session, objectClass, identity), 'exportable key just generated')
    }
    throw new DeviceError(
      'key.exportable',
      `${this.subject} generated an exportable key, although a non-exportable one was requested; the key was deleted.`,
      {
        remedy: 'Check the token policy: it must allow keys with CKA_EXTRACTABLE=false and CKA_SENSITIVE=true.',
      },
    )
  }

  async listKeys(): Promise<readonly ListedKey[]> {
    await this.session.login()
    return listKeys(this.session, (identity) => this.locationOf(identity))
  }

  async deleteKey(location: string, publicKey?: Uint8Array): Promise<void> {
    await this.session.login()
    deleteKey(this.session, location, this.identityAt(location), publicKey)
  }

  /** Throws DeviceError `key.exists` where label or id is taken. */
  protected refuseOccupied(spec: KeySpec): void {
    for (const identity of [{ label: spec.label }, { id: this.keyId(spec) }]) {
      const [taken] = findObjects(
        this.session,
        identityTemplate(identity),
        `anything with ${describeIdentity(identity)}`,
      )
      if (taken === undefined) continue
      const location = this.locationOf(readIdentity(this.session, taken))
      throw new DeviceError('key.exists', `Did not generate a key on ${this.subject}: ${location} already exists.`, {
        remedy: `Resume the run that generated it, or choose another label; \`hsm-enroll keys delete '${location}'\` deletes it.`,
      })
    }
  }

  async findKey(ref: KeyRef): Promise<DeviceKey | undefined> {
    const identity = this.identityOf(ref)
    if (identity === undefined || identityTemplate(identity).length === 0) return undefined
    const publicKey = onlyOne(
      this.session,
      findByClass(this.session, 'PUBLIC_KEY', identity),
      describeIdentity(identity),
    )
    if (publicKey !== undefined) return this.keyFrom(publicKey, { publicHandle: publicKey })
    await this.session.login()
    const hidden = onlyOne(this.session, findByClass(this.session, 'PUBLIC_KEY', identity), describeIdentity(identity))
    if (hidden !== undefined) return this.keyFrom(hidden, { publicHandle: hidden })
    const privateKey = onlyOne(
      this.session,
      findByClass(this.session, 'PRIVATE_KEY', identity),
      describeIdentity(identity),
    )
    return privateKey === undefined ? undefined : this.keyFrom(privateKey, { privateHandle: privateKey })
  }

  /** What the reference, or else the device URI, says of the key. */
  protected identityOf(ref: KeyRef): Partial<KeyIdentity> | undefined {
    if (ref.location !== undefined) return this.identityAt(ref.location)
    const { object, id } = this.opened.query
    const named = ref.label !== undefined || ref.id !== undefined
    const label = named ? ref.label : object
    const bytes = named ? ref.id : id
    return { label, id: bytes }
  }

  protected keyFrom(object: Buffer, handles: { publicHandle?: Buffer; privateHandle?: Buffer }): TokenKey {
    const identity = readIdentity(this.session, object)
    const publicKey = readSpki(this.session, object) ?? spkiFromCertificate(this.session, identity)
    if (publicKey === undefined) {
      throw new DeviceError(
        'key.not-found',
        `Could not use the key ${this.locationOf(identity)}: its public half is not on ${this.subject}.`,
        {
          remedy: 'Put the public key (or its certificate) back on the token, or generate a new key.',
        },
      )
    }
    return new TokenKey(this, { location: this.locationOf(identity), identity, publicKey, ...handles })
  }

  async sign(key: TokenKey, hash: HashName, data: Uint8Array): Promise<Uint8Array> {
    const privateKey = await this.privateHandle(key)
    const alwaysAuthenticate = readAttribute(this.session, privateKey, CKA.ALWAYS_AUTHENTICATE)?.[0] === 1
    this.announceSignature(key)
    return await signWithKey(this.session, this.opened.mechanisms, key, privateKey, hash, data, {
      alwaysAuthenticate,
      askAgain: this.mayAskAgain(key),
    })
  }

  /** Logs in; throws DeviceError `key.not-found` where the private half is not there. */
  protected async privateHandle(key: TokenKey): Promise<Buffer> {
    await this.session.login()
    key.privateHandle ??= onlyOne(
      this.session,
      findByClass(this.session, 'PRIVATE_KEY', this.searchFor(key)),
      key.location,
    )
    if (key.privateHandle === undefined) {
      throw new DeviceError('key.not-found', `Could not find the private key ${key.location} on ${this.subject}.`, {
        remedy: 'Check that the right token is plugged in and that this role is allowed to see the key.',
      })
    }
    key.attributes ??= readKeyAttributes(this.session, key.privateHandle)
    return key.privateHandle
  }

  /** CKA_ID names a pair; the label only where there is no id. */
  protected searchFor(key: TokenKey): Partial<KeyIdentity> {
    return key.identity.id.length > 0 ? { id: key.identity.id } : { label: key.identity.label }
  }

  async storeCertificate(
    key: DeviceKey,
    certificate: Uint8Array,
    options: { readonly replace?: boolean } = {},
  ): Promise<void> {
    const own = this.ownKey(key)
    checkCertificateFits(own, certificate)
    const stored = this.#certificatesOf(own)
    if (stored.some(({ der }) => Buffer.compare(der, certificate) === 0)) return
    if (stored.length > 0 && options.replace !== true) throw certificateExists(own, this.subject)
    await this.session.login(this.certificateRole)
    await replaceCertificates(this.session, own, certificate, stored, () => this.#certificatesOf(own))
  }

  async readCertificate(key: DeviceKey): Promise<Uint8Array | undefined> {
    const [first] = this.#certificatesOf(this.ownKey(key))
    return first === undefined ? undefined : Uint8Array.from(first.der)
  }

  /** Those with the key's CKA_ID. A key without one shares its label with strangers: there the public key decides. */
  #certificatesOf(key: TokenKey): readonly StoredCertificate[] {
    const found = storedCertificates(this.session, this.searchFor(key))
    return key.identity.id.length > 0 ? found : found.filter(({ der }) => isFor(key, der))
  }

  protected ownKey(key: DeviceKey): TokenKey {
    if (key instanceof TokenKey) return key
    throw new DeviceError(
      'key.not-found',
      `Could not use the key ${key.location}: it was not opened on ${this.subject}.`,
      {
        remedy: 'Find the key on this device first.',
      },
    )
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { cryptoki, session, module, lock } = this.opened
    const finish = (): void => {
      try {
        session.close()
        cryptoki.traceTotals()
        module.release()
      } finally {
        lock.release()
      }
    }
    if (await cryptoki.settled(SETTLE_MS)) return finish()
    this.opened.options.onProgress?.({
      kind: 'generating',
      message: `${this.subject} is still busy; hsm-enroll exits when it has finished.`,
    })
    // The device is still at work: nothing may enter the module, and nobody else may have the device, before it has ended.
    void cryptoki.settled().then(finish)
  }
}
