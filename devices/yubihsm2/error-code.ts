/**
 * What the device answers when it refuses: code -> the family-independent code, a cause and a remedy.
 * Source: developers.yubico.com/YubiHSM2/Concepts/Errors.html; yubihsm-shell lib/error.c; python-yubihsm defs.py.
 */
import { DeviceError, type DeviceErrorCode } from '../device-error.ts'
import type { CommandName } from './command.ts'

interface ErrorRow {
  readonly name: string
  readonly code: DeviceErrorCode
  /** Completes "Could not …: ". */
  readonly cause: string
  readonly remedy: string
  readonly transient?: boolean
}

const SUPPORT = 'Run the command again with --trace and report what it prints.'
export const LOG_REMEDY =
  'Have the auditor fetch the log and set the log index (yubihsm-shell: audit get, audit set); hsm-enroll never clears it.'

// biome-ignore format: a table, a row a line
export const ERROR_CODES: Readonly<Record<number, ErrorRow>> = {
  1: { name: 'invalid command', code: 'device.unsupported', cause: 'the device does not support the command', remedy: 'Check the firmware version with `hsm-enroll devices`; 2.2.0 or newer is needed.' },
  2: { name: 'invalid data', code: 'device.refused', cause: 'the device found the request malformed or not allowed for this object', remedy: SUPPORT },
  3: { name: 'invalid session', code: 'device.gone', cause: 'the device has ended the session', remedy: 'Run the command again; the device ends a session that is idle for 30 seconds.', transient: true },
  4: { name: 'authentication failed', code: 'credential.refused', cause: 'the device did not accept the authentication', remedy: 'Check the password and the authentication key id (auth-key in the URI); it is not retried.' },
  5: { name: 'sessions full', code: 'device.busy', cause: 'all 16 sessions of the device are in use', remedy: 'Close other clients or wait 30 seconds: the device ends idle sessions by itself.', transient: true },
  6: { name: 'session failed', code: 'device.protocol', cause: 'the device could not set up the session', remedy: 'Run the command again; if it persists, restart the connector and re-plug the device.', transient: true },
  7: { name: 'storage failed', code: 'device.storage-full', cause: 'the device could not store the object', remedy: 'Delete objects that you no longer need (yubihsm-shell: get storage-info, list objects).' },
  8: { name: 'wrong length', code: 'device.protocol', cause: 'the device found the request too long or too short', remedy: SUPPORT },
  9: { name: 'insufficient permissions', code: 'device.refused', cause: 'the authentication key lacks a capability or a domain', remedy: 'Compare its capabilities with the list in docs/devices/yubihsm2.md; `hsm-enroll doctor` lists what is missing.' },
  10: { name: 'log full', code: 'device.audit-log-full', cause: 'the audit log is full, and the device is set to refuse work until the log is read', remedy: LOG_REMEDY },
  11: { name: 'object not found', code: 'key.not-found', cause: 'the object does not exist or shares no domain with the authentication key', remedy: 'List the objects (yubihsm-shell: list objects) and check ids and domains.' },
  12: { name: 'invalid id', code: 'device.refused', cause: 'the device does not accept the object id', remedy: 'Use an object id from 0x0001 to 0xfffe, or leave objectId out.' },
  14: { name: 'SSH CA constraint violation', code: 'device.refused', cause: 'the SSH template forbids it', remedy: SUPPORT },
  15: { name: 'invalid OTP', code: 'device.refused', cause: 'the one-time password is not valid', remedy: SUPPORT },
  16: { name: 'demo mode', code: 'device.unsupported', cause: 'the device is in demo mode and must be power-cycled', remedy: 'Re-plug the device, then run the command again.' },
  17: { name: 'object exists', code: 'key.exists', cause: 'an object with this id exists', remedy: 'Choose another objectId, or omit it: the device then picks a free one.' },
  18: { name: 'algorithm disabled', code: 'device.unsupported', cause: 'the algorithm is disabled on this device', remedy: 'Choose another key type, or have the administrator enable it (only possible on an empty device).' },
  255: { name: 'command unexecuted', code: 'device.busy', cause: 'the device did not execute the command', remedy: 'Run the command again; if it persists, re-plug the device.', transient: true },
}

/** `0x0a log full`. */
export const errorCodeName = (code: number): string =>
  `0x${code.toString(16).padStart(2, '0')} ${ERROR_CODES[code]?.name ?? 'unknown error'}`

/** The device's refusal of `command` as an error that a person can act on. */
export function deviceRefusal(command: CommandName, code: number): DeviceError {
  const row = ERROR_CODES[code]
  const vendorCode = errorCodeName(code)
  if (row === undefined) {
    return new DeviceError('device.refused', `Could not ${command}: the YubiHSM 2 answered ${vendorCode}.`, {
      remedy: SUPPORT,
      vendorCode,
    })
  }
  return new DeviceError(row.code, `Could not ${command}: ${row.cause} (${vendorCode}).`, {
    remedy: row.remedy,
    vendorCode,
    transient: row.transient,
  })
}

/** A reply that does not follow the protocol. */
export const protocolError = (command: string, what: string, cause?: unknown): DeviceError =>
  new DeviceError('device.protocol', `Could not ${command}: ${what}.`, {
    remedy:
      'Check that the address is a yubihsm-connector and that nothing alters its traffic, then run the command again.',
    cause,
  })
