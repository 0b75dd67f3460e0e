import { randomBytes } from 'node:crypto'
import { concat, u8, u16, u32 } from '../../../../devices/yubihsm2/byte-writer.ts'
import { maxFrame } from '../../../../devices/yubihsm2/frame.ts'
import { requireCapability } from '../access.ts'
import { LOG_SIZE } from '../audit-log.ts'
import { refuse } from '../command-failure.ts'
import { type DeviceState, EMPTY, type Handlers } from '../execution.ts'
import { CAPACITY } from '../object-store.ts'
import { atLeast } from '../personality.ts'

/** Flash of the device: 1024 pages of 126 bytes. */
const PAGES = { count: 1024, size: 126 }

/** Page 0: version, serial number, log, algorithms; page 1 (firmware 2.4): part number. */
export function deviceInfo(state: DeviceState, page: number): Buffer {
  const { personality, log, options } = state
  if (page === 1 && atLeast(personality, 2, 4)) return Buffer.from(personality.partNumber ?? '', 'latin1')
  if (page !== 0) throw refuse('invalidData')
  const { firmware, serial } = personality
  return concat(
    Uint8Array.from(firmware),
    u32(serial),
    u8(LOG_SIZE),
    u8(log.used),
    Uint8Array.from(options.supportedAlgorithms()),
  )
}

export const administration: Handlers = {
  echo: (request) => request.rest(),
  'device info': (request, { state }) => deviceInfo(state, request.remaining === 0 ? 0 : request.u8()),
  'reset device': (request, { authKey }) => {
    request.end()
    requireCapability(authKey, 'reset-device')
    return EMPTY
  },
  'get storage info': (request, { state }) => {
    request.end()
    const used = state.store.list().reduce((pages, { bytes }) => pages + Math.ceil((bytes.length + 66) / PAGES.size), 0)
    const free = CAPACITY - state.store.size
    return concat(u16(CAPACITY), u16(free), u16(PAGES.count), u16(Math.max(0, PAGES.count - used)), u16(PAGES.size))
  },
  'set option': (request, { state, authKey }) => {
    requireCapability(authKey, 'set-option')
    const option = request.u8()
    const value = request.bytes(request.u16())
    request.end()
    state.options.set(option, value, state.store.size <= 1)
    return EMPTY
  },
  'get option': (request, { state, authKey }) => {
    requireCapability(authKey, 'get-option')
    const option = request.u8()
    request.end()
    return state.options.get(option)
  },
  'get pseudo random': (request, { state, authKey }) => {
    requireCapability(authKey, 'get-pseudo-random')
    const length = request.u16()
    request.end()
    if (length === 0 || length > maxFrame(state.personality.firmware) - 32) throw refuse('invalidData')
    return randomBytes(length)
  },
  'get log entries': (request, { state, authKey }) => {
    request.end()
    requireCapability(authKey, 'get-log-entries')
    return state.log.read()
  },
  'set log index': (request, { state, authKey }) => {
    requireCapability(authKey, 'get-log-entries')
    state.log.setIndex(request.u16())
    request.end()
    return EMPTY
  },
  'blink device': (request) => {
    request.u8()
    request.end()
    return EMPTY
  },
}
