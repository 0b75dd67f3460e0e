import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Device, DeviceError, type DeviceGuard, type OpenOptions } from '../device.ts'
import { type DeviceLock, lockDevice } from '../lock/device-lock.ts'
import { pointOf } from './asymmetric-keys.ts'
import { type Credential, readDeviceKey } from './authenticate.ts'
import { type DeviceInfo, readDeviceInfo } from './commands/device-info.ts'
import { Connector } from './connector.ts'
import { askCredential } from './credential.ts'
import { protocolError } from './error-code.ts'
import { readReply, requestFrame } from './frame.ts'
import { formatObjectId } from './object-type.ts'
import { Session } from './session.ts'
import { readSettings, type YubiHsm2Settings } from './settings.ts'
import { YubiHsm2Device } from './yubihsm2-device.ts'

const TIMEOUT_MS = 5000
const MAX_PEM = 1 << 16

/**
 * Finds the device, takes its lock, asks for the secret once, opens one session. The device could serve several of us; but each would
 * spend tries of the same authentication key, and look for free places while the other fills them. Throws DeviceError.
 */
export async function openDevice(uri: string, options: OpenOptions): Promise<Device> {
  const settings = readSettings(uri, options.settings)
  const intermediates = settings.intermediatesFile === undefined ? '' : readIntermediates(settings.intermediatesFile)
  const connector = openConnector(settings)
  let lock: DeviceLock | undefined
  try {
    const info = await identify(connector, settings.serial, TIMEOUT_MS, options.signal)
    const subject = `YubiHSM 2 ${info.serial}`
    lock = await lockDevice(['YUBIHSM2', info.serial], subject, options)
    await options.guard?.chosen({ hsmType: 'YUBIHSM2', serial: info.serial, subject })
    const asked = await askCredential(settings, info.serial, options.secret)
    const credential = await withDeviceKey(connector, asked, options.signal)
    options.onProgress?.({ kind: 'login', message: `Opening a session with ${subject}` })
    const session = await guarded(credential, options.guard, () =>
      Session.open({
        connector,
        credential,
        firmware: info.firmware,
        signal: options.signal,
        onTrace: options.onTrace,
      }),
    )
    const pinnedKey = credential.kind === 'asymmetric' ? credential.devicePublicKey : undefined
    return new YubiHsm2Device({
      connector,
      session,
      lock,
      settings,
      info,
      intermediates,
      devicePublicKey: pinnedKey && pointOf(pinnedKey).subarray(1).toString('hex'),
      onProgress: options.onProgress,
    })
  } catch (error) {
    lock?.release()
    connector.close()
    throw error
  }
}

/** Each wrong password leaves an entry in the device's log, which may be full of them one day. */
async function guarded<T>(credential: Credential, guard: DeviceGuard | undefined, open: () => Promise<T>): Promise<T> {
  if (guard === undefined || credential.kind !== 'password') return open()
  const login = {
    secret: 'password',
    name: `password of authentication key ${formatObjectId(credential.authKeyId)}`,
  } as const
  await guard.beforeLogin(login)
  const opened = await open().catch(async (error: unknown) => {
    if (error instanceof DeviceError && error.code === 'pin.wrong') await guard.afterLogin(login, 'wrong')
    throw error
  })
  await guard.afterLogin(login, 'right')
  return opened
}

/** Status and device info, without a login. Throws `device.gone` without a device, `device.not-found` where the serial number differs. */
export async function identify(
  connector: Connector,
  serial: string | undefined,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<DeviceInfo> {
  const { status } = await connector.status(timeoutMs, signal)
  if (status !== 'OK') {
    throw new DeviceError(
      'device.gone',
      `The connector at ${connector.url.origin} has no YubiHSM 2 (status ${status.slice(0, 20)}).`,
      {
        remedy:
          'Plug the device in; check that no other program is using it, and that the user of the connector may open it on USB (Yubico’s udev rule: 70-yubihsm-connector.rules).',
        transient: true,
      },
    )
  }
  const command = 'device info'
  const reply = await connector.exchange(requestFrame(command, Buffer.alloc(0)), timeoutMs, signal)
  const info = readDeviceInfo(readReply(command, reply), () => protocolError(command, 'the reply is too short'))
  if (serial !== undefined && serial !== info.serial) {
    throw new DeviceError(
      'device.not-found',
      `The connector at ${connector.url.origin} has YubiHSM 2 ${info.serial}, not ${serial.slice(0, 20)}.`,
      {
        remedy: 'Correct serial in the device URI, or specify the connector of the other device.',
      },
    )
  }
  return info
}

function openConnector({ connector, connectorCaFile }: YubiHsm2Settings): Connector {
  try {
    return new Connector(connector, connectorCaFile)
  } catch (cause) {
    throw new DeviceError('device.settings', `Could not read connectorCaFile ${connectorCaFile ?? ''}.`, {
      remedy: 'Specify a readable PEM file.',
      cause,
    })
  }
}

/** Without a pinned key the device's own word is taken once and kept for the run. */
async function withDeviceKey(connector: Connector, credential: Credential, signal?: AbortSignal): Promise<Credential> {
  if (credential.kind !== 'asymmetric' || credential.devicePublicKey !== undefined) return credential
  const devicePublicKey = await readDeviceKey(async (command, data) =>
    readReply(command, await connector.exchange(requestFrame(command, data), TIMEOUT_MS, signal)),
  )
  return { ...credential, devicePublicKey }
}

/** PEM certificates, each of them readable, written again one after the other. */
function readIntermediates(file: string): string {
  const bad = (why: string, cause?: unknown): DeviceError =>
    new DeviceError('device.settings', `Could not use intermediatesFile ${file}: ${why}.`, {
      remedy: "Specify a PEM file with Yubico's sub-CA certificate.",
      cause,
    })
  try {
    const text = readFileSync(file, 'latin1')
    const blocks =
      text.length > MAX_PEM ? [] : (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [])
    if (blocks.length === 0) throw bad('it contains no certificate')
    return blocks.map((block) => new X509Certificate(block).toString()).join('')
  } catch (error) {
    throw error instanceof DeviceError ? error : bad('it cannot be read', error)
  }
}
