/** What `devices` and `doctor` show of an opened device. Facts that the authentication key may not ask for are left out. */
import { type DeviceDescription, DeviceError } from '../device.ts'
import { readDeviceInfo } from './commands/device-info.ts'
import { getObjectInfo } from './commands/get-object-info.ts'
import { getOption } from './commands/get-option.ts'
import { getStorageInfo } from './commands/get-storage-info.ts'
import { getOpaque } from './commands/opaque.ts'
import { FACTORY_KEY } from './commands/sign-attestation-certificate.ts'
import { protocolError } from './error-code.ts'
import { hasFipsExtension } from './fips-extension.ts'
import { readReply, requestFrame } from './frame.ts'
import { findCapabilities, findObstacles } from './obstacles.ts'
import { deviceUri, type OpenedYubiHsm2 } from './opened-device.ts'
import type { Command, Session } from './session.ts'

const FIPS_MODES: Readonly<Record<number, string>> = {
  0: 'off',
  1: 'on',
  3: 'pending (change the factory authentication key)',
}

export async function describeDevice(opened: OpenedYubiHsm2): Promise<DeviceDescription> {
  const { session, settings, devicePublicKey } = opened
  const info = await currentInfo(opened)
  const authKey = await allowed(session, getObjectInfo, { id: settings.authKeyId, type: 'authentication-key' as const })
  const storage = await allowed(session, getStorageInfo, undefined)
  const audit = await allowed(session, getOption, 'force-audit' as const)
  const toggles = await allowed(session, getOption, 'algorithm-toggle' as const)
  const fipsMode = await allowed(session, getOption, 'fips-mode' as const)
  const certificate = await allowed(session, getOpaque, FACTORY_KEY)
  const facts = {
    connector: settings.connector,
    info,
    unpinned: settings.authentication === 'asymmetric' && settings.devicePublicKey === undefined,
    authKey,
    storage,
    forcedAudit: audit && audit[0] !== 0,
    disabledAlgorithms: toggles && disabled(toggles),
  }
  return {
    hsmType: 'YUBIHSM2',
    vendor: 'Yubico',
    model: 'YubiHSM 2',
    serial: info.serial,
    firmware: info.firmware.join('.'),
    fips: certificate === undefined ? 'unknown' : hasFipsExtension(certificate) ? 'certified' : 'not-certified',
    uri: deviceUri(settings.connector, info.serial, settings.authKeyId),
    capabilities: findCapabilities(facts),
    obstacles: findObstacles(facts),
    details: {
      'Audit log': `${info.logUsed} of ${info.logSize}`,
      ...(authKey && { 'Authentication key': authKey.label }),
      ...(storage && { 'Free objects': `${storage.freeRecords} of ${storage.records}` }),
      ...(fipsMode && { 'FIPS mode': FIPS_MODES[fipsMode[0] ?? 0] ?? 'unknown' }),
      ...(devicePublicKey && { 'Device public key': devicePublicKey }),
    },
  }
}

/** The log may have filled since the device was opened. */
async function currentInfo({ connector }: OpenedYubiHsm2): Promise<ReturnType<typeof readDeviceInfo>> {
  const command = 'device info'
  const reply = await connector.exchange(requestFrame(command, Buffer.alloc(0)), 5000)
  return readDeviceInfo(readReply(command, reply), () => protocolError(command, 'the reply is too short'))
}

/** Undefined where the device refuses to tell; a lost device is still an error. */
async function allowed<Request, Reply>(
  session: Session,
  command: Command<Request, Reply>,
  request: Request,
): Promise<Reply | undefined> {
  try {
    return await session.run(command, request)
  } catch (error) {
    if (error instanceof DeviceError && REFUSALS.includes(error.code)) return undefined
    throw error
  }
}

const REFUSALS: readonly string[] = ['device.refused', 'device.unsupported', 'key.not-found', 'device.audit-log-full']

const disabled = (pairs: Uint8Array): number[] =>
  [...pairs].filter((_, index) => index % 2 === 0 && pairs[index + 1] === 0)
