/** The YubiHSM 2 double: a software device behind a connector on loopback, under a test root of its own. */
import type { RunningDouble, StartDouble } from '../double.ts'
import { startConnector } from './connector-server.ts'
import { PERSONALITIES, type PersonalityName } from './personality.ts'
import { FACTORY_PASSWORD, SoftwareYubiHsm } from './software-device.ts'

export interface RunningYubiHsm2Double extends RunningDouble {
  /** Its inside: for tests that look at sessions and objects or plan faults. */
  readonly device: SoftwareYubiHsm
  readonly connectorUrl: string
}

export interface YubiHsm2DoubleOptions {
  readonly personality?: PersonalityName
  /** 0 or absent takes a free one. */
  readonly port?: number
  /** Milliseconds; for tests of the idle rule. */
  readonly now?: () => number
}

export async function startYubiHsm2Double(options: YubiHsm2DoubleOptions = {}): Promise<RunningYubiHsm2Double> {
  const personality = PERSONALITIES[options.personality ?? '2.4']
  const device = new SoftwareYubiHsm(personality, options.now)
  const connector = await startConnector(device, options.port)
  return {
    hsmType: 'YUBIHSM2',
    uri: `yubihsm2:connector=${connector.url};serial=${personality.serial};auth-key=1`,
    settings: {},
    secrets: { password: FACTORY_PASSWORD },
    trustAnchors: device.issuer.trustAnchors,
    rootCertificates: [device.issuer.subCa.certificate, device.issuer.root.certificate],
    device,
    connectorUrl: connector.url,
    close: () => connector.close(),
  }
}

export const FIRMWARE = Object.keys(PERSONALITIES)

const isPersonality = (name: string): name is PersonalityName => Object.hasOwn(PERSONALITIES, name)

export const startDouble: StartDouble = ({ firmware = '' }) =>
  startYubiHsm2Double(isPersonality(firmware) ? { personality: firmware } : {})
