import { createHash } from 'node:crypto'
import { derKind } from '../../src/asn1/der-kind.ts'
import { readPem } from '../../src/asn1/pem.ts'
import { PKCS7_PEM_LABELS, pkcs7Certificates } from '../../src/asn1/pkcs7.ts'
import type { AttestationResult } from '../../src/attestation/contract/attestation-result.ts'
import type { FamilyVerdict } from '../../src/attestation/contract/verify-attestation.ts'
import { readNshieldBundle } from '../../src/attestation/nshield/bundle.ts'
import { readCertificatePackage } from '../../src/attestation/package/certificate-package.ts'
import { VERIFIERS } from '../../src/attestation/verifiers.ts'
import { checkAttestation } from '../../src/check/check-attestation.ts'
import { EnrollError } from '../../src/errors.ts'
import type { HsmType } from '../../src/hsm-type.ts'
import type { Specimen } from './corpus.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'

/**
 * What became of one mutant. `intact`: genuine still, and rightly: the verdict of a specimen word for word (only unsigned bytes were
 * touched), or a pair put together of whole certificates that the same test device signed.
 */
export type Fate = 'refused' | 'unreadable' | 'intact' | 'GENUINE' | 'CRASHED' | 'SLOW'

export interface Incident {
  readonly fate: 'GENUINE' | 'CRASHED' | 'SLOW'
  readonly specimen: string
  readonly detail: string
  /** Base64 of package and chains, to repeat it. */
  readonly package: string
  readonly certChains?: string
}

/** How the bytes of a mutant become a package, its family and its chains; throws as any reader does. */
export type Read = (mutant: Specimen) => Specimen

/** Puts a package into another form. */
export type Wrap = (bytes: Uint8Array, random: Random) => Uint8Array

export interface HostileRunOptions {
  /** Processor time above which a mutant is an incident; without it none is, for tests that must not depend on the machine. */
  readonly slowMs?: number
  /** Default: a mutant is a package of its specimen's family as it is. */
  readonly read?: Read
  readonly wrap?: Wrap
  /** The digest is over whole judgements, with what knowledge and policy add. */
  readonly policy?: boolean
}

/** A verdict holds the numbers of the key that was read, which JSON has no form for. */
const numbersAsText = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

/** Throws mutants at the verifiers and counts what becomes of them, per family. */
export class HostileRun {
  readonly counts = new Map<HsmType, Map<Fate, number>>()
  readonly incidents: Incident[] = []
  /** Processor time of the slowest mutant that is no incident. */
  slowestMs = 0
  readonly #corpus: readonly Specimen[]
  readonly #verdicts = createHash('sha256')
  readonly #known = new Set<string>()
  /** The bundles of each meaning: nShield. */
  readonly #bundles = new Map<string, readonly Members[]>()
  readonly #read: Read
  readonly #wrap: Wrap | undefined
  readonly #certificates = new Set<string>()
  readonly #random: Random
  readonly #now: number
  readonly #slowMs: number
  readonly #policy: boolean

  constructor(corpus: readonly Specimen[], seed: number, now: number, options: HostileRunOptions = {}) {
    this.#slowMs = options.slowMs ?? Number.POSITIVE_INFINITY
    this.#read = options.read ?? ((mutant) => mutant)
    this.#wrap = options.wrap
    this.#policy = options.policy ?? false
    this.#corpus = corpus
    this.#random = new Random(seed)
    this.#now = now
    for (const specimen of corpus) {
      for (const der of certificatesOf(specimen.package)) this.#certificates.add(der)
      try {
        const verdict = this.#judge(specimen)
        if (!verdict.genuine) continue
        const means = meaning(verdict)
        this.#known.add(means)
        if (specimen.hsmType !== 'NSHIELD') continue
        this.#bundles.set(means, [...(this.#bundles.get(means) ?? []), membersOf(specimen.package)])
      } catch (error) {
        if (!(error instanceof EnrollError)) throw error
      }
    }
  }

  /** SHA-256, in hex, of every verdict and every refusal so far, with all their words. Ends the count: no mutant may be judged after it. */
  digest(): string {
    return this.#verdicts.digest('hex')
  }

  /** Makes and judges one mutant of a random specimen. */
  step(): Fate {
    const specimen = this.#random.pick(this.#corpus)
    const other = this.#random.pick(this.#corpus)
    const changeChains = specimen.certChains !== undefined && this.#random.below(3) === 0
    const mutant: Specimen = changeChains
      ? { ...specimen, certChains: this.#several(specimen.certChains, other.certChains ?? other.package) }
      : { ...specimen, package: this.#changed(specimen.package, other.package) }
    const fate = this.judge(mutant)
    const family = this.counts.get(specimen.hsmType) ?? new Map<Fate, number>()
    family.set(fate, (family.get(fate) ?? 0) + 1)
    this.counts.set(specimen.hsmType, family)
    return fate
  }

  /** The change is made to the file in its form, or to the package before it is put into one. */
  #changed(bytes: Uint8Array, other: Uint8Array): Uint8Array {
    if (this.#wrap === undefined) return this.#several(bytes, other)
    return this.#random.below(2) === 0
      ? this.#several(this.#wrapped(bytes), this.#wrapped(other))
      : this.#wrapped(this.#several(bytes, other))
  }

  #wrapped(bytes: Uint8Array): Uint8Array {
    try {
      return this.#wrap?.(bytes, this.#random) ?? bytes
    } catch {
      // Damaged: it no longer has the blocks that a form would put elsewhere.
      return bytes
    }
  }

  /** One change mostly; at times up to four. */
  #several(bytes: Uint8Array, other: Uint8Array): Uint8Array {
    let changed = bytes
    for (let i = this.#random.below(4) === 0 ? 1 + this.#random.below(4) : 1; i > 0; i--) {
      changed = this.#mutateOnce(changed, other)
    }
    return changed
  }

  #mutateOnce(bytes: Uint8Array, other: Uint8Array): Uint8Array {
    try {
      return mutate(bytes, this.#random, other)
    } catch {
      // The change before made the wrapping unreadable to the mutator itself: good enough as a mutant.
      return bytes
    }
  }

  judge(mutant: Specimen): Fate {
    const start = process.cpuUsage()
    let fate: Fate
    try {
      const seen = this.#read(mutant)
      const verdict = this.#judge(seen)
      this.#verdicts.update(JSON.stringify(this.#policy ? this.#judgement(seen) : verdict, numbersAsText))
      fate = !verdict.genuine ? 'refused' : this.#isIntact(seen, verdict) ? 'intact' : 'GENUINE'
      if (fate === 'GENUINE') this.#report(fate, mutant, meaning(verdict))
    } catch (error) {
      fate = error instanceof EnrollError ? 'unreadable' : 'CRASHED'
      this.#verdicts.update(String(error))
      if (fate === 'CRASHED') this.#report(fate, mutant, error instanceof Error ? (error.stack ?? '') : String(error))
    }
    const took = processorMs(start)
    if (took > this.#slowMs && this.#isSlow(mutant)) {
      this.#report('SLOW', mutant, `${took.toFixed(1)} ms`)
      return 'SLOW'
    }
    if (took <= this.#slowMs) this.slowestMs = Math.max(this.slowestMs, took)
    return fate
  }

  #isIntact({ hsmType, package: package_ }: Specimen, verdict: FamilyVerdict): boolean {
    // An nShield bundle holds signed messages of which no verdict tells. A member that is lost was one that nothing signs.
    if (hsmType === 'NSHIELD') {
      const members = membersOf(package_)
      return (this.#bundles.get(meaning(verdict)) ?? []).some((known) => isPartOf(members, known))
    }
    const certificates = certificatesOf(package_)
    return certificates.length > 0
      ? certificates.every((der) => this.#certificates.has(der))
      : this.#known.has(meaning(verdict))
  }

  /** The first call may have compiled, or collected what others left: slow is what is slow every time. */
  #isSlow(mutant: Specimen): boolean {
    for (let i = 0; i < 3; i++) {
      const start = process.cpuUsage()
      try {
        this.#judge(this.#read(mutant))
      } catch {
        // Its error was counted before; only the time matters here.
      }
      const took = processorMs(start)
      if (took <= this.#slowMs) {
        this.slowestMs = Math.max(this.slowestMs, took)
        return false
      }
    }
    return true
  }

  #judge({ hsmType, package: package_, certChains, trustAnchors }: Specimen): FamilyVerdict {
    return VERIFIERS[hsmType].verify(package_, {
      trustAnchors,
      now: this.#now,
      ...(certChains === undefined ? {} : { certChains }),
    })
  }

  #judgement({ hsmType, package: package_, certChains, trustAnchors }: Specimen): AttestationResult | string {
    const chains = certChains === undefined ? {} : { certChains }
    try {
      return checkAttestation({ hsmType, package: package_, trustAnchors, now: this.#now, ...chains })
    } catch (error) {
      // The package of another family, which no verifier of its own says.
      return String(error)
    }
  }

  #report(fate: Incident['fate'], { name, package: package_, certChains }: Specimen, detail: string): void {
    if (this.incidents.length >= 20) return
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
    this.incidents.push({
      fate,
      specimen: name,
      detail,
      package: base64(package_),
      ...(certChains === undefined ? {} : { certChains: base64(certChains) }),
    })
  }
}

/** Processor time since `start`: what other processes do to the clock is no property of a mutant. */
function processorMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** The certificates of a package in PEM, DER or PKCS#7, as keys; none for packages of another kind. */
function certificatesOf(package_: Uint8Array): readonly string[] {
  try {
    return derOf(package_).map((der) => Buffer.from(der).toString('latin1'))
  } catch {
    // JSON, a compressed statement, or no longer readable.
    return []
  }
}

function derOf(package_: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(package_.subarray(0, 40)).toString('latin1')
  const pkcs7 = PKCS7_PEM_LABELS.some((label) => text.startsWith(`-----BEGIN ${label}-----`))
    ? readPem(Buffer.from(package_).toString('latin1'))[0]?.der
    : package_
  return pkcs7 !== undefined && derKind(pkcs7) === 'pkcs7' ? pkcs7Certificates(pkcs7) : readCertificatePackage(package_)
}

type Members = ReadonlyMap<string, string>

/** What a bundle's own members say, whatever its blanks. Nothing signs the others; the verifier names them in a warning. */
function membersOf(package_: Uint8Array): Members {
  const { root, cipherSuite, bytes } = readNshieldBundle(package_)
  const values = [...bytes].map(([name, value]) => [name as string, Buffer.from(value).toString('hex')] as const)
  return new Map([['root', root], ['ciphersuite', cipherSuite], ...values])
}

/** Nothing in it that the known bundle has not, word for word. */
const isPartOf = (members: Members, known: Members): boolean =>
  [...members].every(([name, value]) => known.get(name) === value)

/**
 * Everything of a verdict but the wording of its checks: key, device, claims, anchor, and the chain, whose links carry the hash of
 * every certificate and of the signed statement.
 */
function meaning({ hsmType, attestedKey, device, claims, trustAnchor, chain }: FamilyVerdict): string {
  return JSON.stringify([hsmType, attestedKey, device, claims, trustAnchor, chain])
}
