/** The device options: forced audit, which commands are logged, which algorithms are on, FIPS mode. */
import { ALGORITHMS } from '../../../devices/yubihsm2/algorithm.ts'
import { COMMANDS } from '../../../devices/yubihsm2/command.ts'
import { OPTIONS } from '../../../devices/yubihsm2/object-type.ts'
import { refuse } from './command-failure.ts'
import { atLeast, type Personality } from './personality.ts'

/** FIPS status as `get option` gives it; pending until the factory authentication key is changed (firmware 2.4). */
const FIPS = { off: 0, on: 1, pending: 3 } as const
const OFF = 0
const ON = 1
/** Cannot be changed until a reset. */
const FIXED = 2

/** Off from the start on every firmware (yubihsm.rs, audit options of its mock device). */
const OFF_AT_FIRST: readonly number[] = [
  COMMANDS.echo.code,
  COMMANDS['session message'].code,
  COMMANDS['device info'].code,
  COMMANDS['get log entries'].code,
]
/** In Yubico's list of what `command-audit` holds, and explained nowhere (docs.yubico.com, Set Command Audit Option). */
const UNEXPLAINED: readonly number[] = [0x07, 0x09]

const A = ALGORITHMS
/** What FIPS mode switches off (python-yubihsm tests/device/test_basic.py). */
const NOT_IN_FIPS = {
  before24: [A['rsa-pkcs1-sha1'], A['rsa-pss-sha1'], A['ecdsa-sha1'], A.ed25519],
  from24: [A['rsa-pkcs1-sha1'], A['rsa-pss-sha1'], A.eck256, A['ecdsa-sha1'], A['rsa-pkcs1-decrypt']],
} as const satisfies Readonly<Record<string, readonly number[]>>

export class DeviceOptions {
  readonly #personality: Personality
  #forceAudit = OFF
  #commandAudit = new Map<number, number>()
  #algorithms = new Map<number, boolean>()
  #fips: number = FIPS.off

  constructor(personality: Personality) {
    this.#personality = personality
    this.reset()
  }

  /** Firmware before 2.3.1 logs nearly every command from the start; newer firmware none. */
  reset(): void {
    const allOff = atLeast(this.#personality, 2, 3, 1)
    const codes = Object.values(COMMANDS).map(({ code }) => code)
    const logged = [...UNEXPLAINED, ...codes].filter((code) => this.#knows(code)).sort((a, b) => a - b)
    const silent = [...UNEXPLAINED, ...OFF_AT_FIRST]
    this.#forceAudit = OFF
    this.#commandAudit = new Map(logged.map((code) => [code, allOff || silent.includes(code) ? OFF : ON]))
    this.#algorithms = new Map(this.supportedAlgorithms().map((algorithm) => [algorithm, true]))
    this.#fips = FIPS.off
  }

  /** 1 to 47 from the start; AES and asymmetric authentication came with 2.3 (python-yubihsm tests' version checks). */
  supportedAlgorithms(): readonly number[] {
    const last = atLeast(this.#personality, 2, 4) ? 55 : atLeast(this.#personality, 2, 3) ? 54 : 47
    return Array.from({ length: last }, (_, index) => index + 1)
  }

  get forcesAudit(): boolean {
    return this.#forceAudit !== OFF
  }

  get fipsMode(): boolean {
    return this.#fips === FIPS.on
  }

  logs(command: number): boolean {
    return (this.#commandAudit.get(command) ?? OFF) !== OFF
  }

  /** Throws CommandFailure where the algorithm is switched off or unknown. */
  requireAlgorithm(algorithm: number): void {
    const enabled = this.#algorithms.get(algorithm)
    if (enabled === undefined) throw refuse('invalidData')
    if (!enabled) throw refuse('algorithmDisabled')
  }

  /** The factory authentication key was changed or removed: what FIPS mode waits for. */
  factoryKeyGone(): void {
    if (this.#fips === FIPS.pending) this.#fips = FIPS.on
  }

  get(option: number): Buffer {
    switch (option) {
      case OPTIONS['force-audit']:
        return Buffer.of(this.#forceAudit)
      case OPTIONS['command-audit']:
        return Buffer.from([...this.#commandAudit].flat())
      case OPTIONS['algorithm-toggle']:
        return Buffer.from([...this.#algorithms].flatMap(([algorithm, on]) => [algorithm, on ? 1 : 0]))
      case OPTIONS['fips-mode']:
        if (this.#personality.fips) return Buffer.of(this.#fips)
    }
    throw refuse('invalidData')
  }

  /** @param fresh nothing but the factory authentication key is stored */
  set(option: number, value: Buffer, fresh: boolean): void {
    switch (option) {
      case OPTIONS['force-audit']:
        this.#forceAudit = changed(this.#forceAudit, oneByte(value, FIXED))
        return
      case OPTIONS['command-audit']:
        for (const [command, audit] of pairs(value)) {
          const now = this.#commandAudit.get(command)
          if (now === undefined || audit > FIXED) throw refuse('invalidData')
          this.#commandAudit.set(command, changed(now, audit))
        }
        return
      case OPTIONS['algorithm-toggle']:
        if (!fresh) throw refuse('insufficientPermissions')
        this.#toggleAlgorithms(pairs(value))
        return
      case OPTIONS['fips-mode']:
        if (!this.#personality.fips) throw refuse('invalidData')
        if (!fresh) throw refuse('insufficientPermissions')
        this.#setFips(oneByte(value, 1) === 1)
        return
      default:
        throw refuse('invalidData')
    }
  }

  #toggleAlgorithms(toggles: readonly (readonly [number, number])[]): void {
    for (const [algorithm, on] of toggles) {
      if (!this.#algorithms.has(algorithm) || on > 1) throw refuse('invalidData')
      const leavesFips = on === 1 && this.#fips !== FIPS.off && this.#notInFips().includes(algorithm)
      if (leavesFips && atLeast(this.#personality, 2, 4)) throw refuse('invalidData')
      if (leavesFips) this.#fips = FIPS.off
      this.#algorithms.set(algorithm, on === 1)
    }
  }

  #setFips(on: boolean): void {
    this.#fips = !on ? FIPS.off : atLeast(this.#personality, 2, 4) ? FIPS.pending : FIPS.on
    for (const algorithm of this.#notInFips()) this.#algorithms.set(algorithm, !on)
  }

  #notInFips(): readonly number[] {
    return atLeast(this.#personality, 2, 4) ? NOT_IN_FIPS.from24 : NOT_IN_FIPS.before24
  }

  #knows(command: number): boolean {
    const since = command >= 0x73 ? [4, 0] : command >= 0x6d ? [3, 0] : command === 0x6c ? [1, 0] : [0, 0]
    return atLeast(this.#personality, 2, since[0] ?? 0, since[1])
  }
}

function oneByte(value: Buffer, max: number): number {
  const byte = value[0]
  if (value.length !== 1 || byte === undefined || byte > max) throw refuse('invalidData')
  return byte
}

function pairs(value: Buffer): (readonly [number, number])[] {
  if (value.length % 2 !== 0) throw refuse('invalidData')
  return Array.from(
    { length: value.length / 2 },
    (_, i) => [value.readUInt8(2 * i), value.readUInt8(2 * i + 1)] as const,
  )
}

function changed(now: number, wanted: number): number {
  if (now === FIXED && wanted !== FIXED) throw refuse('insufficientPermissions')
  return wanted
}
