import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { CTAPHID, CTAPHID_YUBIKEY_READ_CONFIG, CtapAnswer, type CtapMessage, encodeCtap } from './hid-ctap-frames.ts'
import {
  describeInfo,
  HidAnswerError,
  type HidDeviceInfo,
  hasMorePages,
  type InfoTags,
  readInfoPage,
} from './hid-device-info.ts'
import { checkOtpAnswer, encodeOtp, OTP_FLAG, OTP_READ_CONFIG, OTP_RESET, OtpAnswer } from './hid-otp-frames.ts'

/** An open HID interface; reports without the report number. `read` gives undefined when nothing came in time. */
export interface HidPort {
  write(report: Uint8Array): Promise<void>
  read(milliseconds: number): Promise<Uint8Array | undefined>
  sendFeature(report: Uint8Array): Promise<void>
  getFeature(): Promise<Uint8Array>
}

const DEADLINE_MS = 1500
const MAX_PAGES = 4

const tooSlow = (): HidAnswerError => new HidAnswerError('the key did not answer in time')

/** READ CONFIG over the FIDO interface. Throws HidAnswerError. */
export async function readConfigByFido(port: HidPort): Promise<HidDeviceInfo> {
  const deadline = performance.now() + DEADLINE_MS
  const nonce = randomBytes(8)
  const opened = await exchange(
    port,
    { channel: CTAPHID.broadcast, command: CTAPHID.init, payload: nonce },
    deadline,
    (answer) => nonce.equals(answer.subarray(0, 8)),
  )
  if (opened.length < 12) throw new HidAnswerError('the answer to INIT is truncated')
  const channel = Buffer.from(opened).readUInt32BE(8)
  return describeInfo(
    await readPages((page) =>
      exchange(
        port,
        { channel, command: CTAPHID_YUBIKEY_READ_CONFIG, payload: Uint8Array.of(page) },
        deadline,
        () => true,
      ),
    ),
  )
}

async function exchange(
  port: HidPort,
  request: CtapMessage,
  deadline: number,
  isOurs: (payload: Uint8Array) => boolean,
): Promise<Uint8Array> {
  for (const packet of encodeCtap(request)) await port.write(packet)
  let answer = new CtapAnswer(request.channel)
  while (performance.now() < deadline) {
    const packet = await port.read(Math.max(1, deadline - performance.now()))
    if (packet === undefined) break
    const message = answer.add(packet)
    if (message === undefined) continue
    answer = new CtapAnswer(request.channel)
    if (message.command === CTAPHID.keepalive) continue
    if (message.command === CTAPHID.error)
      throw new HidAnswerError(`the key answers with CTAPHID error ${message.payload[0] ?? 0}`)
    if (message.command === request.command && isOurs(message.payload)) return message.payload
  }
  throw tooSlow()
}

/** READ CONFIG over the keyboard interface. Throws HidAnswerError. */
export async function readConfigByOtp(port: HidPort): Promise<HidDeviceInfo> {
  const deadline = performance.now() + DEADLINE_MS
  const tags = await readPages(async (page) => {
    for (const report of encodeOtp(OTP_READ_CONFIG, Uint8Array.of(page))) {
      await readyToWrite(port, deadline)
      await port.sendFeature(report)
    }
    const answer = await readOtpAnswer(port, deadline)
    return checkOtpAnswer(answer, 1 + (answer[0] ?? 0))
  })
  return describeInfo(tags)
}

async function readyToWrite(port: HidPort, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    if (((await port.getFeature())[7] ?? 0) < OTP_FLAG.write) return
    await wait(5)
  }
  throw tooSlow()
}

async function readOtpAnswer(port: HidPort, deadline: number): Promise<Uint8Array> {
  const answer = new OtpAnswer()
  while (performance.now() < deadline) {
    const report = await port.getFeature()
    const whole = answer.add(report)
    if (whole !== undefined) {
      await port.sendFeature(OTP_RESET)
      return whole
    }
    if (((report[7] ?? 0) & OTP_FLAG.pending) === 0) await wait(5)
  }
  throw tooSlow()
}

async function readPages(read: (page: number) => Promise<Uint8Array>): Promise<InfoTags> {
  const all = new Map<number, Uint8Array>()
  for (let page = 0; page < MAX_PAGES; page++) {
    const tags = readInfoPage(await read(page))
    for (const [tag, value] of tags) all.set(tag, value)
    if (!hasMorePages(tags)) break
  }
  return all
}
