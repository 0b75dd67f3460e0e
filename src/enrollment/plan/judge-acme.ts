import { readAddress } from '../../acme/acme-client.ts'
import { unfitKey } from '../../acme/attestation-object.ts'
import { nameValues } from '../../asn1/name.ts'
import type { Configuration } from '../../config/configuration.ts'
import { keyProfile } from '../../config/profile.ts'
import { environmentName } from '../../config/settings.ts'
import type { RequestTemplate } from '../../csr/build-certification-request.ts'
import { EnrollError } from '../../errors.ts'
import type { HsmType } from '../../hsm-type.ts'
import { readCaFile } from '../../sectigo/http/root-certificates.ts'
import { externalAccountOf } from '../connect-to-acme.ts'
import { intermediatesOf, refuseOtherName } from '../steps/submit-acme-step.ts'

/** What a profile needs for an order with an ACME server, each part by itself: `attempt` makes of it what its caller says of a profile. */
export async function judgeAcme(
  configuration: Configuration,
  { hsmType, template }: { readonly hsmType: HsmType | undefined; readonly template: RequestTemplate | undefined },
  attempt: (what: () => string | Promise<string>) => Promise<void>,
): Promise<void> {
  await attempt(
    () => `orders at ${readAddress(configuration.required('acme.directory')).host}, by ACME device-attest-01`,
  )
  await attempt(() => accountOf(configuration))
  await attempt(() => {
    if (hsmType !== undefined && hsmType !== 'YUBIKEY') throw otherDevice(hsmType)
    const { algorithm } = keyProfile(configuration)
    if (algorithm === 'P-384') throw unfitKey(algorithm)
    const [, serial] = /[:;?&]serial=(\d+)/.exec(configuration.text('device.uri') ?? '') ?? []
    if (template !== undefined) refuseOtherName(nameValues(template.subject, 'CN')[0], serial)
    return 'the device, the key and the subject are such as step-ca takes'
  })
  const caFile = configuration.text('acme.caFile')
  if (caFile !== undefined) await attempt(() => `${readCaFile(caFile) && 'TLS also trusts'} ${caFile}`)
  const files = configuration.list('acme.intermediates')
  if (files.length > 0)
    await attempt(
      async () => `${(await intermediatesOf(configuration)).length} certificates to complete attestations with`,
    )
}

function accountOf(configuration: Configuration): string {
  if (configuration.text('acme.accountKey') === undefined) {
    throw new EnrollError('config.missing', 'acme.accountKey has no source', {
      remedy: `Set one in the profile or in ${environmentName('acme.accountKey')}.`,
    })
  }
  const { externalAccount } = externalAccountOf(configuration, {})
  const bound = externalAccount === undefined ? '' : `, bound to ${externalAccount.keyId}`
  const contact = configuration.list('acme.contact')
  const wrong = contact.find((address) => !/^mailto:[!-~]+@[!-~]+$/.test(address))
  if (wrong === undefined)
    return `${contact.length === 0 ? 'an account without contact' : `an account of ${contact.join(', ')}`}${bound}`
  throw new EnrollError('config.value', `Invalid setting "acme.contact": "${wrong.slice(0, 60)}".`, {
    remedy: 'Write it as mailto:name@example.com.',
  })
}

const otherDevice = (what: string): EnrollError =>
  new EnrollError(
    'acme.device',
    `Could not order from an ACME server with ${what}: it takes the attestation of a YubiKey.`,
    {
      remedy: 'Set ca to sectigo, or use a YubiKey.',
    },
  )

/** What ACME has no word for. */
export const noTestOrders = (): EnrollError =>
  new EnrollError('acme.device', 'Could not place a test order: an ACME server has none.', {
    remedy: 'Leave --test out, and set acme.directory to a server for tests.',
  })
