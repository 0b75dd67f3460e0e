import type { HsmType } from '../../hsm-type.ts'

/** What differs between the families: what people look at and do by hand, and whether the device keeps a log that its key can sign. */
interface FamilyWords {
  readonly device: string
  /** Before the device is opened: what shows that it is the right one, untouched. */
  readonly look: string
  /** While the key is generated. */
  readonly during: string
  /** When everything is done. */
  readonly after: string
  readonly signDeviceLog?: true
}

// biome-ignore format: a table
const FAMILIES: Readonly<Record<HsmType, FamilyWords>> = {
  YUBIKEY: {
    device: 'YubiKey',
    look: 'Show the YubiKey. Read its serial number aloud from its back, and compare it with the record. Note whether its packaging was sealed.',
    during: 'Touch the YubiKey when it blinks, if its policy asks for a touch. Nobody else touches it.',
    after: 'Remove the YubiKey, and put it into the tamper-evident bag. Read the number of the bag aloud, and note it.',
  },
  YUBIHSM2: {
    device: 'YubiHSM 2',
    look: 'Show the YubiHSM 2 in its port. Read its serial number aloud, and compare it with the record. Show that the connector serves no other host.',
    during: 'Nobody opens another session with the device until the end of the ceremony.',
    after: 'Show who holds the authentication keys of the device, and where their passwords are kept.',
    signDeviceLog: true,
  },
  LUNA: {
    device: 'Thales Luna HSM',
    look: 'Show the appliance or card. Read its serial number and the label of the partition aloud, and compare them with the record. Inspect its seals.',
    during: 'The Crypto Officer is logged in for this ceremony alone. With a PED, its key holder is present.',
    after: 'Export the audit log of the appliance, and attach it. Log the Crypto Officer out.',
  },
  NSHIELD: {
    device: 'Entrust nShield HSM',
    look: 'Show the module. Read its electronic serial number (`enquiry`) and the hash of the Security World (`nfkminfo`) aloud, and compare them with the record. Inspect its seals.',
    during: 'The holders of the Operator Card Set present their cards themselves.',
    after: 'Take the cards out. Each holder confirms having the own card. Attach the audit log if auditing is enabled.',
  },
  FORTANIX: {
    device: 'Fortanix DSM account',
    look: 'Show the account and the group in the web interface. Read their names and IDs aloud. Show who may administer them.',
    during: 'Approvers of a quorum policy approve in their own sessions. Nobody changes the group meanwhile.',
    after: 'Export the audit log of the group for the time of the ceremony, and attach it.',
  },
  MARVELL_GOOGLE: {
    device: 'Cloud HSM key ring',
    look: 'Show the project and the key ring in the console. Read their names aloud. Show who may administer them.',
    during: 'Nobody changes the permissions of the project until the end of the ceremony.',
    after: 'Export the Cloud Audit Logs of the key ring for the time of the ceremony, and attach them.',
  },
}

/** A script for a family, in YAML, with comments that explain it; to be edited. */
export function scriptTemplate(hsmType: HsmType): string {
  const { device, look, during, after, signDeviceLog } = FAMILIES[hsmType]
  return `# A script for the generation of a document-signing key on a ${device}.
# Edit it before the ceremony, not during it: its SHA-256 is shown at the start, and everybody compares it with their copy.
# said: read aloud; program: hsm-enroll does it; hand: a person does it; witnessed: others confirm what they saw.
ceremony: 1
title: Generation of a document-signing key on a ${device}

# At the end the new key signs the last digest of the device's own log (a labelled text, not a document).
# It ties the log to the attested key. Only the YubiHSM 2 has such a log.
sign-device-log: ${signDeviceLog === true ? 'yes' : 'no'}

# Each role is taken by one person or more, each person has one role. Names are asked for once, at the start.
roles:
  - id: leader
    duty: leads through the script, and reads it aloud
  - id: operator
    duty: operates hsm-enroll and the device, and types the PIN
  - id: witness
    duty: watches every step, compares digests, and signs the bundle afterwards

steps:
  - id: opening
    kind: said
    by: leader
    text: State the date, the time by a clock that everybody sees, the place, and the purpose. Everybody states name and role.
  - id: script
    kind: witnessed
    by: witness
    text: Compare the SHA-256 of the script on the screen with the approved copy.
  - id: tool
    kind: witnessed
    by: witness
    text: Compare the version and the hash of hsm-enroll on the screen with the approved ones.
  - id: device
    kind: hand
    by: operator
    text: ${quoted(look)}
  - id: conditions
    kind: said
    by: leader
    text: ${quoted(during)}
  - id: generate
    kind: program
    does: generate
    by: operator
    text: The device generates the key pair. It cannot be exported.
  - id: request
    kind: program
    does: request
    by: operator
    text: The device signs the certificate request.
  - id: attest
    kind: program
    does: attest
    by: operator
    text: The device attests the key.
  - id: check
    kind: program
    does: check
    by: operator
    text: hsm-enroll verifies the attestation up to the vendor.
  - id: digest-of-key
    kind: witnessed
    by: witness
    digest: yes
    text: Read the words aloud, and write them down. They cover everything up to here.
  # Leave the order out to witness the generation alone; \`hsm-enroll runs resume\` orders later.
  - id: order
    kind: program
    does: order
    by: operator
    text: The certificate is ordered, and installed once it is issued.
  - id: closing
    kind: hand
    by: operator
    text: ${quoted(after)}
  - id: digest-of-all
    kind: witnessed
    by: witness
    digest: yes
    text: Read the words aloud, and write them down. State digressions and objections, or that there are none.
`
}

const quoted = (text: string): string => JSON.stringify(text)
