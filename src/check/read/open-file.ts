/**
 * The one way into a file, for every command: layer after layer is taken off, until what is in it shows what it is. Bounded in bytes, depth,
 * parts and things found; pure and synchronous. A private key in any layer ends it.
 */
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import type { Contents, Group, Item } from './contents.ts'
import type { Layer, Part } from './layer.ts'
import { cborLayer } from './layers/cbor.ts'
import { derLayer } from './layers/der.ts'
import { familyLayer } from './layers/family.ts'
import { gzipLayer } from './layers/gzip.ts'
import { mailLayer } from './layers/mail.ts'
import { plainPemLayer } from './layers/plain-pem.ts'
import { tarLayer } from './layers/tar.ts'
import { textLayer } from './layers/text.ts'
import { wrongBinary } from './layers/wrong-file.ts'
import { zipLayer } from './layers/zip.ts'
import { refusePrivateKey } from './private-key-guard.ts'
import { TooMuch, Unreadable } from './unreadable.ts'

/** No file of any kind comes near: 32,767 base64 characters are the CA's bound for a package, wrappings add to it. */
const MAX_FILE = 1 << 20
/** Of a file and of everything that was unwrapped from it, together. */
const MAX_BYTES = 1 << 22
const MAX_LAYERS = 8
const MAX_PARTS = 256
const MAX_ITEMS = 64

const LAYERS: readonly Layer<Uint8Array>[] = [
  familyLayer,
  zipLayer,
  tarLayer,
  gzipLayer,
  derLayer,
  cborLayer,
  plainPemLayer,
  // Looked up when they are asked: most files are peeled before, and what these two need is then not even loaded.
  (bytes) => mailLayer(bytes),
  (bytes) => textLayer(bytes),
]

/** What is in a file. Throws Unreadable where nothing is, EnrollError `input.private-key` where a private key is, EvidenceError where a family's program says that there is none. */
export function openFile(bytes: Uint8Array): Contents {
  return openFiles([{ bytes }])
}

/** Several files that belong together; with `passOver`, those in which nothing is found are passed over as long as something is in one. */
export function openFiles(files: readonly Part[], passOver = false): Contents {
  const walk = new Walk()
  if (files.length > 1 && passOver) walk.openAll(files, [], true)
  else for (const file of files) walk.open(file)
  return { groups: walk.groups, notes: walk.notes }
}

type Fault = Unreadable | EvidenceError

class Walk {
  readonly groups: Group[] = []
  readonly notes: string[] = []
  #bytes = 0
  #parts = 0
  #items = 0

  /** `above`: the notes of the layers that were taken off before. Throws if nothing is found. */
  open({ bytes, name }: Part, above: readonly string[] = []): void {
    this.#count(bytes)
    refusePrivateKey(bytes, name === undefined ? undefined : `the file (${name.slice(0, 60)})`)
    if (above.length > MAX_LAYERS) {
      throw new TooMuch('it is wrapped too many times', 'Pass the file as the device or its tool wrote it.')
    }
    const peeled = peel(bytes)
    const { items = [], note = '' } = peeled
    // What is inside a file that has a name is told of by that name, unless it has its own.
    const parts = (peeled.parts ?? []).map((part) => ({ ...part, name: part.name ?? name }))
    const twice = note === BASE64 && above.includes(BASE64)
    this.#note(twice ? 'decoded base64 a second time: the CA wants it once' : note)
    const layers = [...above, note]
    this.#items += items.length
    if (this.#items > MAX_ITEMS) throw new TooMuch('it holds too many things', 'Pass those that belong together.')
    if (items.length > 0) this.groups.push({ items })
    const [only, second] = parts
    if (peeled.otherwise !== undefined) this.#openOrElse(parts, layers, peeled.otherwise)
    else if (only !== undefined && second === undefined && items.length === 0) this.open(only, layers)
    else if (only !== undefined) this.openAll(parts, layers, peeled.partsAreFiles === true, items.length > 0)
  }

  /** Something must be found in one of them, unless there is something beside them already. */
  openAll(parts: readonly Part[], above: readonly string[], areFiles: boolean, enough = false): void {
    const faults: Fault[] = []
    const empty: string[] = []
    for (const part of parts) {
      const before = this.notes.length
      try {
        this.open(part, above)
      } catch (error) {
        if (error instanceof TooMuch || !(error instanceof Unreadable || error instanceof EvidenceError)) throw error
        this.notes.length = before
        faults.push(error)
        empty.push(part.name ?? 'a part without a name')
      }
    }
    if (faults.length === parts.length && !enough) throw tellingOf(faults, parts.length)
    if (areFiles && empty.length > 0)
      this.#note(`passed over ${empty.slice(0, 4).join(', ')}${empty.length > 4 ? ', …' : ''}`)
  }

  /** The note of a layer under which nothing was found is taken back. */
  #openOrElse(parts: readonly Part[], layers: readonly string[], otherwise: Item): void {
    const before = this.groups.length
    this.openAll(parts, layers, false, true)
    if (this.groups.length > before) return
    this.groups.push({ items: [otherwise] })
    const note = this.notes.indexOf(layers.at(-1) ?? '')
    if (note >= 0) this.notes.splice(note, 1)
  }

  #count(bytes: Uint8Array): void {
    if (bytes.length === 0) throw new Unreadable('the file is empty', 'Export it from the device again.')
    this.#bytes += bytes.length
    if (bytes.length > MAX_FILE || this.#bytes > MAX_BYTES || ++this.#parts > MAX_PARTS) {
      throw new TooMuch(
        this.#parts > MAX_PARTS ? 'it holds too many parts' : `${this.#bytes} bytes are more than any such file has`,
        'Check that this is the right file.',
      )
    }
  }

  #note(note: string): void {
    if (note !== '' && !this.notes.includes(note)) this.notes.push(note)
  }
}

const BASE64 = 'decoded base64'

function peel(bytes: Uint8Array): NonNullable<ReturnType<Layer<Uint8Array>>> {
  for (const layer of LAYERS) {
    const peeled = layer(bytes)
    if (peeled !== undefined) return peeled
  }
  throw (
    wrongBinary(bytes) ??
    new Unreadable(
      'it is neither PEM, DER, base64, JSON nor a compressed statement',
      'Pass the file as the device or its tool wrote it.',
      { telling: false },
    )
  )
}

/** The fault that says most; of several parts, how many there were. */
function tellingOf(faults: readonly Fault[], count: number): Fault {
  const telling = faults.find((fault) => !(fault instanceof Unreadable) || fault.telling) ?? faults[0]
  if (count === 1 && telling !== undefined) return telling
  if (telling instanceof EvidenceError) return telling
  return new Unreadable(
    `none of the ${count} parts in it is an attestation, a request or a certificate${telling?.telling === true ? `; of one, ${telling.what}` : ''}`,
    telling?.remedy ?? 'Pass the file as the device or its tool wrote it.',
    { cause: telling },
  )
}
