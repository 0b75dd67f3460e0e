import type {
  Attestation,
  ButtonTouch,
  DeviceKey,
  FixedPlace,
  HashName,
  KeyAlgorithm,
  KeyRef,
  KeySpec,
  ListedKey,
  Obstacle,
} from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { formatDeviceUri } from '../device-uri.ts'
import {
  certificateExists,
  checkCertificateFits,
  createObject,
  storedCertificates,
} from '../pkcs11/certificate-objects.ts'
import { findByClass } from '../pkcs11/find-key-objects.ts'
import { describeModule } from '../pkcs11/find-module.ts'
import type { TemplateTraits } from '../pkcs11/key-template.ts'
import type { OpenedToken } from '../pkcs11/open-token.ts'
import { CKA } from '../pkcs11/pkcs11-constants.ts'
import { Pkcs11Device } from '../pkcs11/pkcs11-device.ts'
import { spkiOf } from '../pkcs11/public-key.ts'
import type { TokenDescription } from '../pkcs11/token-description.ts'
import type { KeyIdentity, TokenKey } from '../pkcs11/token-key.ts'
import { classTemplate } from '../pkcs11/token-objects.ts'
import type { Role } from '../pkcs11/token-session.ts'
import { attestedFacts, readDeviceCertificate, readSlotAttestation } from './attestation-objects.ts'
import { holdsCertificateData, refuseTooLarge } from './certificate-container.ts'
import { chosenSlot } from './chosen-slot.ts'
import { fipsSeriesByHid, fipsSeriesOf } from './fips-series.ts'
import { FIRMWARE, firmwareAgainst, noDeletion } from './firmware-rules.ts'
import { readIntermediates } from './intermediates.ts'
import { policyAttributes } from './key-policy.ts'
import { managementKeyRole, pinProtectedRole } from './management-key.ts'
import { PIV_SLOTS, type PivSlot, slotByCkaId, slotByName } from './piv-slots.ts'
import { isPlaceholderCertificate } from './placeholder-certificate.ts'
import { whyNoAttestation } from './why-no-attestation.ts'
import { atLeast, canDo, printVersion, unpackVersion, type Version } from './ykcs11-abilities.ts'
import { yubikeyObstacles } from './yubikey-obstacles.ts'

/** What libykcs11 makes of the card's "security status not satisfied" at C_Sign. */
const NO_TOUCH: ReadonlySet<string> = new Set(['CKR_USER_NOT_LOGGED_IN', 'CKR_FUNCTION_FAILED'])

/** The PIV application of a YubiKey through libykcs11. A key's place is its slot. */
export class YubikeyDevice extends Pkcs11Device implements ButtonTouch, FixedPlace {
  readonly #slot: PivSlot
  readonly #module: Version
  readonly #generationRole: Role
  /** The slot whose key this session generated. */
  #generated: string | undefined

  constructor(opened: OpenedToken) {
    super(opened)
    this.#slot = chosenSlot(opened.query, opened.settings)
    this.#module = unpackVersion(opened.module.version)
    this.#generationRole =
      opened.settings.flag('pinProtectedManagementKey') === true
        ? pinProtectedRole
        : managementKeyRole(
            canDo(this.#module, 'aesManagementKey'),
            atLeast(this.#firmware(), FIRMWARE.aesManagementKeyByDefault),
          )
  }

  protected override get generationRole(): Role {
    return this.#generationRole
  }

  protected override get certificateRole(): Role {
    return this.#generationRole
  }

  protected override keyId(): Uint8Array {
    return Uint8Array.of(this.#slot.ckaId)
  }

  protected override locationOf({ id }: KeyIdentity): string {
    return slotByCkaId(id)?.name ?? Buffer.from(id).toString('hex')
  }

  protected override identityAt(location: string): Partial<KeyIdentity> | undefined {
    const slot = slotByName(location)
    return slot === undefined ? undefined : { id: Uint8Array.of(slot.ckaId) }
  }

  protected override searchFor(key: TokenKey): Partial<KeyIdentity> {
    return { id: key.identity.id }
  }

  #firmware(): Version {
    return unpackVersion(this.slotToken.firmware)
  }

  protected override fipsOf(): ReturnType<typeof fipsSeriesOf> {
    return fipsSeriesOf(this.session, this.#firmware().major)
  }

  protected override reasonAgainst(algorithm: KeyAlgorithm): string | undefined {
    const firmware = firmwareAgainst(algorithm, this.#firmware())
    if (firmware !== undefined) return firmware
    if ((algorithm === 'RSA-3072' || algorithm === 'RSA-4096') && !canDo(this.#module, 'rsa3072')) {
      return `libykcs11 ${printVersion(this.#module)} cannot generate RSA keys above 2048 bits; 2.5 can`
    }
    return super.reasonAgainst(algorithm)
  }

  protected override templateTraits(spec: KeySpec): TemplateTraits {
    return {
      privateObjects: true,
      extractableAttribute: canDo(this.#module, 'extractableAttribute'),
      usageAttributes: false,
      publicPrivateAttribute: false,
      leanerRetry: false,
      modifiableAttribute: false,
      extraPrivate: policyAttributes(spec, this.#module),
    }
  }

  /** Slot 9e asks for no PIN unless it is told to (NIST SP 800-73-4 part 1, 3.3: card authentication). */
  #signsWithoutPin({ pinPolicy = 'default' }: KeySpec): boolean {
    return pinPolicy === 'never' || (pinPolicy === 'default' && this.#slot.name === '9e')
  }

  /** Everything that can be refused is refused before the management key is asked for: libykcs11 overwrites a slot without a word. */
  override async generateKeyPair(spec: KeySpec): Promise<DeviceKey> {
    policyAttributes(spec, this.#module)
    if (this.reasonAgainst(spec.algorithm) === undefined) {
      this.refuseOccupied(spec)
      // Without the PIN the new key is of no use. Where generating costs an old one, the PIN is proven first; else looked at.
      if (spec.replaceKey !== undefined) await this.session.login()
      else if (!this.#signsWithoutPin(spec)) await this.session.refuseHopelessLogin()
    }
    const key = await super.generateKeyPair(spec)
    this.#generated = key.location
    return key
  }

  protected override refuseOccupied({ replaceKey }: KeySpec): void {
    this.checkPlace(replaceKey)
  }

  checkPlace(replaceKey?: string): void {
    const slot = this.#slot
    if (replaceKey !== undefined && slotByName(replaceKey) !== slot) {
      throw new DeviceError(
        'key.exists',
        `Did not generate a key on ${this.subject}: the key is for slot ${slot.name}, but --replace-key specifies slot ${replaceKey.slice(0, 16)}.`,
        {
          remedy: `Specify slot ${slot.name} with --replace-key, or choose the other slot.`,
        },
      )
    }
    if (replaceKey !== undefined) return
    const what = this.#contents(slot)
    if (what === undefined) return
    throw new DeviceError(
      'key.exists',
      `Did not generate a key on ${this.subject}: slot ${slot.name} (${slot.use}) holds ${what}.`,
      {
        remedy: `Choose another slot, or specify --replace-key ${slot.name} (its key and certificate are then lost).`,
      },
    )
  }

  #contents(slot: PivSlot): string | undefined {
    const id = Uint8Array.of(slot.ckaId)
    const certificates = storedCertificates(this.session, { id })
    if (certificates.some(({ der }) => !isPlaceholderCertificate(der, slot))) return 'a certificate'
    if (this.#holdsUnreadCertificate(slot)) return 'a certificate that libykcs11 cannot read'
    const key =
      findByClass(this.session, 'PUBLIC_KEY', { id }).length > 0 ||
      readSlotAttestation(this.session, slot) !== undefined
    return key || certificates.length > 0 ? 'a key' : undefined
  }

  async holds(): Promise<string | undefined> {
    return this.#contents(this.#slot)
  }

  get place(): string {
    return this.#slot.name
  }

  /** Every slot that holds something, without a login. */
  override async listKeys(): Promise<readonly ListedKey[]> {
    const keys: ListedKey[] = []
    for (const slot of PIV_SLOTS) {
      const what = this.#contents(slot)
      if (what !== undefined) keys.push({ location: slot.name, ...(await this.#readPublicKey(slot, what)) })
    }
    return keys
  }

  async #readPublicKey(slot: PivSlot, what: string): Promise<Pick<ListedKey, 'publicKey' | 'unread'>> {
    try {
      const key = await this.findKey({ location: slot.name })
      return key === undefined ? { unread: `the slot holds ${what}` } : { publicKey: key.publicKey }
    } catch (error) {
      if (error instanceof DeviceError) return { unread: error.message }
      throw error
    }
  }

  override async deleteKey(location: string): Promise<void> {
    throw noDeletion(location, this.subject, this.#firmware())
  }

  /** The key of the configured slot, whoever made it. */
  async occupant(): Promise<DeviceKey | undefined> {
    return this.findKey({ location: this.#slot.name })
  }

  /**
   * By location: the key of that slot. By label and id of a run: the key of the configured slot as long as no issued
   * certificate is with it, since the device keeps no label and such a key is older than the run.
   */
  override async findKey(ref: KeyRef): Promise<DeviceKey | undefined> {
    const slot = ref.location === undefined ? this.#slot : slotByName(ref.location)
    if (slot === undefined) return undefined
    const id = Uint8Array.of(slot.ckaId)
    const named = ref.location === undefined && (ref.label !== undefined || ref.id !== undefined)
    if (named && storedCertificates(this.session, { id }).some(({ der }) => !isPlaceholderCertificate(der, slot)))
      return undefined
    const [object] = findByClass(this.session, 'PUBLIC_KEY', { id })
    return object === undefined ? undefined : this.keyFrom(object, { publicHandle: object })
  }

  needsTouch(key: DeviceKey): boolean {
    const slot = slotByName(key.location)
    const certificate = slot === undefined ? undefined : readSlotAttestation(this.session, slot)
    const policy = certificate === undefined ? undefined : attestedFacts(certificate).touchPolicy
    return policy === 'always' || policy === 'cached'
  }

  protected override announceSignature(key: TokenKey): void {
    if (this.needsTouch(key)) {
      this.opened.options.onProgress?.({
        kind: 'touch',
        message: `Touch ${this.subject} now: it waits about 15 seconds.`,
      })
    } else super.announceSignature(key)
  }

  protected override mayAskAgain(key: TokenKey): boolean {
    return !this.needsTouch(key)
  }

  /** A touch that does not come looks like a missing PIN to libykcs11. */
  override async sign(key: TokenKey, hash: HashName, data: Uint8Array): Promise<Uint8Array> {
    try {
      return await super.sign(key, hash, data)
    } catch (error) {
      const refused = error instanceof DeviceError && NO_TOUCH.has(error.vendorCode ?? '') && this.needsTouch(key)
      if (!refused) throw error
      throw new DeviceError('touch.timeout', `Could not sign with ${this.subject}: nobody touched it in time.`, {
        remedy: 'Resume the run, and touch the key when it blinks.',
        cause: error,
        vendorCode: error.vendorCode ?? '',
      })
    }
  }

  /** Leaf and F9 certificate, PEM, in this order; Yubico's intermediates after them where the profile says so. */
  override async attest(key: TokenKey): Promise<Attestation> {
    const slot = slotByName(key.location) ?? this.#slot
    const leaf = readSlotAttestation(this.session, slot)
    const device = readDeviceCertificate(this.session)
    if (leaf === undefined || device === undefined) {
      const facts = {
        firmware: this.#firmware(),
        module: this.#module,
        hasDeviceCertificate: device !== undefined,
        generatedHere: this.#generated === slot.name,
      }
      throw whyNoAttestation(facts, slot.name, this.subject)
    }
    if (Buffer.compare(spkiOf(leaf.publicKey), key.publicKey) !== 0) {
      throw new DeviceError(
        'device.protocol',
        `The attestation from ${this.subject} is for another key than the one in slot ${slot.name}.`,
        {
          remedy: 'Plug the key in again and resume the run; another program may have changed the slot meanwhile.',
        },
      )
    }
    const intermediates = await readIntermediates(this.opened.settings.text('includeIntermediates'))
    const text = `${leaf.toString()}${device.toString()}${intermediates}`
    return {
      hsmType: this.hsmType,
      package: Buffer.from(text, 'latin1'),
      artefacts: {
        [`attestation-${slot.name}.pem`]: Buffer.from(leaf.toString(), 'latin1'),
        'attestation-f9.pem': Buffer.from(device.toString(), 'latin1'),
      },
    }
  }

  override async storeCertificate(
    key: DeviceKey,
    certificate: Uint8Array,
    options: { readonly replace?: boolean } = {},
  ): Promise<void> {
    const own = this.ownKey(key)
    checkCertificateFits(own, certificate)
    const stored = this.#issued(own)
    if (stored.some((der) => Buffer.compare(der, certificate) === 0)) return
    const taken = stored.length > 0 || this.#holdsUnreadCertificate(slotByName(own.location) ?? this.#slot)
    if (taken && options.replace !== true) throw certificateExists(own, this.subject)
    refuseTooLarge(own.location, this.subject, certificate)
    await this.session.login(this.certificateRole)
    // libykcs11 writes the slot's one certificate object; further attributes mean nothing to it.
    const template = [
      classTemplate('CERTIFICATE'),
      { type: CKA.TOKEN, value: true },
      { type: CKA.ID, value: Buffer.from(own.identity.id) },
      { type: CKA.VALUE, value: Buffer.from(certificate) },
    ]
    createObject(this.session, template, `certificate of slot ${own.location}`)
  }

  override async readCertificate(key: DeviceKey): Promise<Uint8Array | undefined> {
    const own = this.ownKey(key)
    const [first] = this.#issued(own)
    if (first !== undefined) return Uint8Array.from(first)
    if (this.#holdsUnreadCertificate(slotByName(own.location) ?? this.#slot))
      throw unreadCertificate(own.location, this.subject)
    return undefined
  }

  #holdsUnreadCertificate(slot: PivSlot): boolean {
    const certificates = storedCertificates(this.session, { id: Uint8Array.of(slot.ckaId) })
    return certificates.length === 0 && holdsCertificateData(this.session, slot)
  }

  /** The slot's certificate, unless it is libykcs11's placeholder. */
  #issued(key: TokenKey): readonly Buffer[] {
    const slot = slotByName(key.location) ?? this.#slot
    return storedCertificates(this.session, { id: key.identity.id })
      .map(({ der }) => der)
      .filter((der) => !isPlaceholderCertificate(der, slot))
  }

  protected override async familyObstacles(token: TokenDescription): Promise<readonly Obstacle[]> {
    return yubikeyObstacles({
      firmware: this.#firmware(),
      module: this.#module,
      modulePath: describeModule(this.opened.found),
      serial: token.serial,
      hasDeviceCertificate: readDeviceCertificate(this.session) !== undefined,
    })
  }

  override async describe(): ReturnType<Pkcs11Device['describe']> {
    const description = await super.describe()
    return {
      ...description,
      vendor: 'Yubico',
      fips: description.fips === 'unknown' ? await fipsSeriesByHid(description.serial) : description.fips,
      uri: formatDeviceUri(
        'yubikey',
        { serial: description.serial, slot: this.#slot.name },
        { 'module-path': this.opened.query.modulePath },
      ),
      details: {
        ...description.details,
        pivSlot: `${this.#slot.name} (${this.#slot.use})`,
        libykcs11: printVersion(this.#module),
      },
    }
  }
}

const unreadCertificate = (slot: string, subject: string): DeviceError =>
  new DeviceError('certificate.exists', `Slot ${slot} of ${subject} holds a certificate that libykcs11 cannot read.`, {
    remedy: `Read it with \`ykman piv certificates export ${slot} -\`: older tools write it compressed.`,
  })
