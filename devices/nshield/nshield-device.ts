import type { Attestation, DeviceKey, KeySpec } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { blocker, type Obstacle, obstacles, warning } from '../obstacle.ts'
import { HsmDevice } from '../pkcs11/hsm-device.ts'
import { STRICT, type TemplateTraits } from '../pkcs11/key-template.ts'
import { cannotAttest } from '../pkcs11/software-token.ts'
import { hasFlag, type TokenDescription } from '../pkcs11/token-description.ts'
import type { TokenKey } from '../pkcs11/token-key.ts'
import { bundleAttestation, findNfkmattest, readKeyIdent } from './attestation-bundle.ts'

const SECURITY_ASSURANCES = 'CKNFAST_OVERRIDE_SECURITY_ASSURANCES'

/** Known before a key is generated that nothing here could attest. */
const NO_TOOL = blocker(
  'nshield.nfkmattest',
  'nfkmattest is not installed here, and nothing else attests an nShield key.',
  "Install Entrust's Key Attestation package, or set the path of the program with the setting nfkmattest.",
  'attestation',
)
const ACCELERATOR = warning(
  'nshield.accelerator',
  `The accelerator slot stores keys permanently only with ${SECURITY_ASSURANCES}=tokenkeys (in the environment or cknfastrc).`,
  'Use a softcard (ppmk --new) and CKNFAST_LOADSHARING=1; no override is needed then.',
)

/** A slot of an nShield: the accelerator (module protected keys), a softcard or an operator card set. */
export class NshieldDevice extends HsmDevice {
  /** Usage attributes decide what nCore key it becomes (without CKA_DERIVE=false an EC key may come out of another type), so they are never dropped. */
  protected override templateTraits(_spec: KeySpec): TemplateTraits {
    return { ...STRICT, privateObjects: !isAccelerator(this.slotToken), leanerRetry: false }
  }

  override async generateKeyPair(spec: KeySpec): Promise<DeviceKey> {
    try {
      return await super.generateKeyPair(spec)
    } catch (error) {
      const refused = error instanceof DeviceError && error.vendorCode === 'CKR_TEMPLATE_INCONSISTENT'
      if (!refused || !isAccelerator(this.slotToken)) throw error
      throw new DeviceError(
        'device.refused',
        `Could not generate a key on ${this.subject}: the security assurances forbid persistent keys without a login.`,
        {
          remedy: `Use a softcard or a card set; or, for module protection, set ${SECURITY_ASSURANCES}=tokenkeys in hsm-enroll's environment.`,
          cause: error,
          vendorCode: error.vendorCode ?? '',
        },
      )
    }
  }

  protected override async familyObstacles(token: TokenDescription): Promise<readonly Obstacle[]> {
    const tool = findNfkmattest(this.opened.settings.text('nfkmattest'))
    const overridden = /\b(tokenkeys|all)\b/.test(process.env[SECURITY_ASSURANCES] ?? '')
    return obstacles(isAccelerator(token) && !overridden && ACCELERATOR, tool === undefined && NO_TOOL)
  }

  /** The JSON of the `.att` file. */
  override async attest(key: TokenKey): Promise<Attestation> {
    const privateKey = await this.privateHandle(key)
    const ident = readKeyIdent(this.session, privateKey)
    if (ident === undefined) throw cannotAttest(this.slotToken, this.subject, key.location)
    const { options, settings } = this.opened
    options.onProgress?.({
      kind: 'attesting',
      message: `nfkmattest bundles the attestation of ${ident.appname} ${ident.ident}.`,
    })
    options.onTrace?.({ call: 'nfkmattest', detail: `bundle ${ident.appname} ${ident.ident}` })
    const bundle = await bundleAttestation(
      ident,
      { nfkmattest: settings.text('nfkmattest'), warrants: settings.text('warrants'), signal: options.signal },
      key.location,
    )
    return {
      hsmType: this.hsmType,
      package: bundle,
      artefacts: { [`key_${ident.appname}_${ident.ident}.att`]: bundle },
    }
  }
}

/** The accelerator slot wants no login and holds no private objects. */
const isAccelerator = (token: TokenDescription): boolean => !hasFlag(token, 'LOGIN_REQUIRED')
