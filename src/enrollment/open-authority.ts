import { readBrokerAddress } from '../broker-client/open-broker.ts'
import type { Configuration } from '../config/configuration.ts'
import { isAcme, isBrokered } from '../config/order-route.ts'
import { userName } from '../files/user-name.ts'
import type { CertificateAuthority } from '../sectigo/certificate-authority.ts'
import type { EnrollmentServices } from './services.ts'

type World = Pick<EnrollmentServices, 'reading' | 'stateDirectory' | 'ledger' | 'now' | 'sleep' | 'onTrace'>

/** The CA of a configuration: an ACME server, a broker, or Sectigo with a login. */
export async function openAuthority(configuration: Configuration, world: World): Promise<CertificateAuthority> {
  const { reading, onTrace } = world
  if (isAcme(configuration)) {
    const { openAcmeAuthority } = await import('./connect-to-acme.ts')
    return openAcmeAuthority(configuration, reading, world, onTrace)
  }
  if (isBrokered(configuration)) return openBroker(configuration, world)
  const { openCertificateAuthority } = await import('./connect-to-ca.ts')
  return openCertificateAuthority(configuration, reading, world, onTrace)
}

/** The broker of a configuration that has one. */
export async function openBroker(
  configuration: Configuration,
  { reading, onTrace }: Pick<World, 'reading' | 'onTrace'>,
) {
  const { brokerAuthority } = await import('../broker-client/broker-authority.ts')
  return brokerAuthority({
    address: () => readBrokerAddress(configuration, reading),
    foreignOrderNumber: configuration.flag('sectigo.foreignOrderNumber'),
    requestedBy: userName(),
    patience: (configuration.integer('broker.pollSeconds') ?? 60) * 1000,
    ...(onTrace === undefined ? {} : { onTrace }),
  })
}
