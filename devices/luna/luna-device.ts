import { existsSync } from 'node:fs'
import type { Attestation } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { type Obstacle, obstacles, warning } from '../obstacle.ts'
import { HsmDevice } from '../pkcs11/hsm-device.ts'
import { EC_GENERATION } from '../pkcs11/key-algorithm.ts'
import type { OpenedToken } from '../pkcs11/open-token.ts'
import { cannotAttest, isSoftwareToken } from '../pkcs11/software-token.ts'
import type { TokenDescription } from '../pkcs11/token-description.ts'
import type { TokenKey } from '../pkcs11/token-key.ts'
import type { GenerationPreference } from '../pkcs11/token-mechanisms.ts'
import { LUNA_RSA_GENERATION } from './luna-constants.ts'
import { lunaPackageForm, lunaRoleName } from './luna-settings.ts'
import { confirmationByCmu, readConfirmation } from './public-key-confirmation.ts'

const DEFAULT_CMU = '/usr/safenet/lunaclient/bin/cmu'

/** A partition of a Luna HSM, or of Luna Cloud HSM. */
export class LunaDevice extends HsmDevice {
  readonly #form: 'der' | 'pem'

  constructor(opened: OpenedToken) {
    super(opened)
    this.#form = lunaPackageForm(opened.settings)
  }

  protected override readonly preference: GenerationPreference = { rsa: LUNA_RSA_GENERATION, ec: EC_GENERATION }

  protected override async familyObstacles(token: TokenDescription): Promise<readonly Obstacle[]> {
    return obstacles(
      isHighAvailability(token) &&
        warning(
          'luna.ha-slot',
          `${this.subject} is the virtual slot of an HA group; a confirmation covers one member.`,
          "Specify a member's own slot (token= or serial=) to generate the key and its confirmation.",
        ),
      lunaRoleName(this.opened.settings) === 'crypto-user' &&
        warning(
          'luna.role',
          'The Crypto User can sign, but cannot generate keys.',
          'Use the Crypto Officer (role: crypto-officer) to generate a key.',
        ),
    )
  }

  /** The public key confirmation, as the CA wants it: DER PKCS#7. */
  override async attest(key: TokenKey): Promise<Attestation> {
    const privateKey = await this.privateHandle(key)
    this.opened.options.onProgress?.({
      kind: 'attesting',
      message: `Reading the public key confirmation from ${this.subject}.`,
    })
    const der = readConfirmation(this.session, key) ?? (await this.#byCmu(privateKey, key))
    return {
      hsmType: this.hsmType,
      package: this.#form === 'der' ? der : toPem(der),
      artefacts: { 'public-key-confirmation.p7b': der },
    }
  }

  async #byCmu(privateKey: Buffer, key: TokenKey): Promise<Uint8Array> {
    if (isSoftwareToken(this.slotToken)) throw cannotAttest(this.slotToken, this.subject, key.location)
    const cmu = this.opened.settings.text('cmu') ?? DEFAULT_CMU
    const role = lunaRoleName(this.opened.settings)
    // cmu logs in as the Crypto Officer: the PIN of another role would cost the Officer a try.
    if (role !== 'crypto-officer') {
      throw new DeviceError(
        'key.not-attestable',
        `Could not attest ${key.location} on ${this.subject}: the module returns no public key confirmation to the role ${role}, and cmu logs in as the Crypto Officer.`,
        {
          remedy: `Attest with role: crypto-officer, or run ${cmu} getpkc yourself and pass its file to hsm-enroll check.`,
        },
      )
    }
    if (!existsSync(cmu)) {
      throw new DeviceError(
        'key.not-attestable',
        `Could not attest ${key.location} on ${this.subject}: the module returns no public key confirmation, and there is no cmu at ${cmu}.`,
        {
          remedy:
            'Check that the key was generated on the HSM and is not extractable, and set the path of cmu in the profile.',
        },
      )
    }
    return await confirmationByCmu(cmu, this.session, privateKey, key, this.opened.options.signal)
  }
}

/** The client shows an HA group as a slot of its own. */
const isHighAvailability = ({ model, slotDescription }: TokenDescription): boolean =>
  /LunaVirtual|HA Virtual/i.test(`${model} ${slotDescription}`)

function toPem(der: Uint8Array): Uint8Array {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return Buffer.from(`-----BEGIN PKCS7-----\n${lines.join('\n')}\n-----END PKCS7-----\n`, 'latin1')
}
