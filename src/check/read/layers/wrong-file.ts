/** Files that people give by mistake, by how they begin: the cause of a refusal, by name. */
import { Unreadable } from '../unreadable.ts'

interface WrongFile {
  /** Follows "it is ". */
  readonly what: string
  readonly remedy: string
}

const EXPORT = 'Pass the file as the device or its tool wrote it.'
const SAVE = 'Save the attachment or the text by itself, and give that.'
const UNPACK = 'Unpack it, and give the files in it.'

// biome-ignore format: a table
const BINARY: readonly (WrongFile & { readonly hex: string })[] = [
  { hex: '255044462d', what: 'a PDF document', remedy: SAVE },
  { hex: 'd0cf11e0a1b11ae1', what: 'a document of Microsoft Office, or a mail that Outlook saved (.msg)', remedy: 'Save the attachment by itself, or the mail as .eml or text.' },
  { hex: '89504e470d0a1a0a', what: 'a picture (PNG)', remedy: EXPORT },
  { hex: 'ffd8ff', what: 'a picture (JPEG)', remedy: EXPORT },
  { hex: '47494638', what: 'a picture (GIF)', remedy: EXPORT },
  { hex: '377abcaf271c', what: 'a 7-Zip archive', remedy: UNPACK },
  { hex: '526172211a07', what: 'a RAR archive', remedy: UNPACK },
  { hex: 'fd377a585a00', what: 'compressed with xz', remedy: UNPACK },
  { hex: '425a68', what: 'compressed with bzip2', remedy: UNPACK },
  { hex: '28b52ffd', what: 'compressed with Zstandard', remedy: UNPACK },
  { hex: '7f454c46', what: 'a program', remedy: EXPORT },
  { hex: '53514c69746520', what: 'a database (SQLite)', remedy: EXPORT },
]

// biome-ignore format: a table
const TEXT: readonly (WrongFile & { readonly pattern: RegExp })[] = [
  { pattern: /^\s*\{\\rtf/, what: 'a document in rich text (RTF)', remedy: 'Save it as plain text, or give the file as the device or its tool wrote it.' },
  { pattern: /^\s*%PDF-/, what: 'a PDF document', remedy: SAVE },
  { pattern: /^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-\S{4,40}) AAAA/m, what: 'a public key in the form of SSH', remedy: 'Pass the attestation, or the public key in PEM (`ssh-keygen -e -m PKCS8 -f FILE`).' },
  { pattern: /---- BEGIN SSH2 PUBLIC KEY ----/, what: 'a public key in the form of SSH', remedy: 'Pass the attestation, or the public key in PEM (`ssh-keygen -i -f FILE | ssh-keygen -e -m PKCS8 -f /dev/stdin`).' },
  { pattern: /-----BEGIN PGP /, what: 'OpenPGP data', remedy: 'Decrypt it, or give the file itself.' },
]

/** As xxd, od and `hexdump -C` print one: an offset, then at least eight groups of digits. */
const DUMPED = /^[0-9a-f]{6,8}:? {1,2}(?:[0-9a-f]{2,4} {1,2}){8}/im
const DUMP: WrongFile = {
  what: 'a hex dump',
  remedy: 'Pass the file itself; `xxd -r` restores it from a dump of xxd.',
}
const CASE: WrongFile = {
  what: 'PEM whose letters were all made lower-case: what it held cannot be restored',
  remedy: 'Copy it again from where it was written, and let nothing change its letters.',
}
const DASHES: WrongFile = {
  what: 'PEM whose hyphens were turned into dashes, as word processors and mail programs do',
  remedy: 'Write five hyphens (-----) again before and behind BEGIN and END, or give the file as the tool wrote it.',
}

/** The cause by the first bytes; undefined where they are of no such file. */
export function wrongBinary(bytes: Uint8Array): Unreadable | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('hex')
  const found = BINARY.find(({ hex }) => head.startsWith(hex))
  return found && because(found)
}

export function wrongText(text: string): Unreadable | undefined {
  const found = TEXT.find(({ pattern }) => pattern.test(text))
  if (found !== undefined) return because(found)
  if (DUMPED.test(text) && !/^-----BEGIN /m.test(text)) return because(DUMP)
  if (/-----begin [a-z0-9 ]{1,40}-----/.test(text)) return because(CASE)
  if (/[\u2010-\u2015\u2212]-{0,4}\s?BEGIN [A-Z0-9 ]{1,40}/.test(text)) return because(DASHES)
  return undefined
}

const because = ({ what, remedy }: WrongFile): Unreadable => new Unreadable(`it is ${what}`, remedy)
