import { hasAuditor, isKeptInHardware, isWitnessed } from '../page/clauses.ts'
import type { Letter, LetterFacts, Sentence } from './letter.ts'

const generated: Sentence = {
  holds: isKeptInHardware,
  says: ({ key, device, verdict, anchor }) =>
    verdict?.trustAnchor?.origin === 'built-in'
      ? `The ${key} private key was generated in the device ${device}, and cannot be exported from it.`
      : `An attestation that ends in ${anchor}, a trust anchor that the applicant added itself, says that the ${key} private key was generated in the device ${device}, and cannot be exported from it.`,
  check: 'attestation, binding.key, policy.key.generated-on-device, policy.key.non-exportable',
  otherwise: 'that the key was generated in the device and cannot be exported',
}

const identified: Sentence = {
  holds: ({ verdict }) => verdict?.genuine === true,
  says: ({ spkiSha256, run }) =>
    `The key is identified by the SHA-256 of its public key (SubjectPublicKeyInfo): ${spkiSha256}. The record of its generation is the run ${run}.`,
  check: 'attestation, journal of the run',
  otherwise: 'which key it is',
}

const vouched: Sentence = {
  holds: ({ verdict }) => verdict?.genuine === true && verdict.trustAnchor?.origin === 'built-in',
  says: ({ anchor }) =>
    `This was verified with the key attestation of the device, whose chain ends in the manufacturer’s trust anchor ${anchor}.`,
  check: 'attestation.chain, built-in trust anchor',
  otherwise: 'that the attestation ends in a root of the manufacturer that hsm-enroll knows',
}

const certified: Sentence = {
  holds: ({ verdict, certification }) => verdict?.device.fips === 'certified' && certification !== undefined,
  says: ({ certification, asOf }) =>
    `On ${asOf}, devices of this model and firmware were certified to ${certification}.`,
  check: 'policy.device.fips, dated table of certifications',
  otherwise: 'that the device is certified (FIPS 140) on the day of the verdict',
}

const certificate: Sentence = {
  holds: ({ certificateSerial, subject }) => certificateSerial !== undefined && subject !== undefined,
  says: ({ certificateSerial, subject }) =>
    `The certificate with the serial number ${certificateSerial}, issued to ${subject}, is for this key.`,
  check: 'certificate of the run: its key is that of the request',
  otherwise: 'which certificate was issued for the key',
}

const digest: Sentence = {
  holds: () => true,
  says: ({ journalHead, words }) => `The record is pinned by the SHA-256 ${journalHead}, in words: ${words}.`,
  check: 'hash chain of the journal',
  otherwise: '',
}

const watched: Sentence = {
  holds: (facts: LetterFacts) => isWitnessed(facts) && hasAuditor(facts),
  says: ({ ceremony }) =>
    `I was present at the ceremony “${ceremony?.title}”, and watched the steps that its log shows as ticked.`,
  check: 'log of the ceremony: attended, ended, an auditor or witness with a qualification',
  otherwise:
    'that anybody watched: there was no ceremony with people, or it was not ended, or nobody stated a qualification',
}

const script: Sentence = {
  holds: isWitnessed,
  says: ({ ceremony }) =>
    `The ceremony followed the script with the SHA-256 ${ceremony?.scriptSha256}; ${countOf(ceremony?.events.filter(({ kind }) => kind === 'digression').length ?? 0)}.`,
  check: 'log of the ceremony',
  otherwise: 'that a script was followed',
}

const countOf = (digressions: number): string =>
  digressions === 0
    ? 'its log notes no digression'
    : `its log notes ${digressions === 1 ? 'one digression' : `${digressions} digressions`}`

/** Templates: what a person may sign. They state facts of the record; the person states the rest. */
export const LETTERS: readonly Letter[] = [
  {
    name: 'hsm-letter',
    title: 'Letter on the protection of a private key',
    opening: 'To the certification authority. On behalf of the applicant named below, I state:',
    sentences: [generated, identified, vouched, certified, certificate, digest],
    closing: 'The applicant keeps the device and its activation data under its sole control: ☐ (tick, or strike out).',
    fields: ['Applicant', 'Name', 'Position', 'Place and date', 'Signature'],
  },
  {
    name: 'auditor-statement',
    title: 'Statement of the auditor',
    opening: 'I state, as an auditor independent of the applicant (tick, or strike out: ☐ independent):',
    sentences: [watched, script, generated, identified, vouched, digest],
    closing: 'I compared the digest above with the words that were read aloud: ☐ (tick, or strike out).',
    fields: ['Name', 'Qualification', 'Organization', 'Place and date', 'Signature'],
  },
]
