import type { AttestationResult } from '../../attestation/contract/attestation-result.ts'
import { describeAttestedKey } from '../../attestation/contract/attestation-result.ts'
import type { PublishedRecord } from '../../enrollment/published-record.ts'
import { escapeHtml } from '../html.ts'
import { WORDS } from './words.ts'

interface Box {
  readonly heading: string
  readonly text: string
  readonly style: 'anchor' | 'link' | 'key' | 'end' | 'broken'
  /** What leads from the box above to this one. */
  readonly by?: string
}

const WIDTH = 640
const HEIGHT = 46
const GAP = 30
const MAX_TEXT = 92
const COLOURS: Readonly<Record<Box['style'], readonly [fill: string, stroke: string]>> = {
  anchor: ['#e8f1fb', '#2358a8'],
  link: ['#ffffff', '#6c7a8c'],
  key: ['#eef7f0', '#17692f'],
  end: ['#fafafa', '#6c7a8c'],
  broken: ['#fbf2f2', '#a31515'],
}

/** Who signed what, from the vendor down to the certificate, as an SVG picture. Texts from outside are escaped; nothing is fetched. */
export function chainPicture(verdict: AttestationResult, record: PublishedRecord): string {
  const boxes = boxesOf(verdict, record)
  const height = boxes.length * (HEIGHT + GAP) - GAP + 4
  const parts = boxes.map((box, index) => drawBox(box, 2 + index * (HEIGHT + GAP)))
  return `<svg class="chain-picture" role="img" aria-label="${escapeHtml(WORDS.chain)}" viewBox="0 0 ${WIDTH + 4} ${height}" xmlns="http://www.w3.org/2000/svg">${parts.join('')}</svg>`
}

function boxesOf(
  { trustAnchor, chain, attestedKey, device }: AttestationResult,
  record: PublishedRecord,
): readonly Box[] {
  const links = chain
    .toReversed()
    .map(({ subject, sha256 }): Box => ({ heading: subject, text: sha256, style: 'link', by: WORDS.signs }))
  const name = [device.vendor, device.model, device.serial].filter((part) => part !== undefined).join(' ')
  return [
    trustAnchor === undefined
      ? { heading: WORDS.noAnchor, text: '', style: 'broken' }
      : { heading: `${WORDS.anchor}: ${trustAnchor.name}`, text: trustAnchor.spkiSha256, style: 'anchor' },
    ...links,
    ...(attestedKey === undefined
      ? []
      : [
          {
            heading: `${WORDS.key}: ${describeAttestedKey(attestedKey)}, ${name}`,
            text: attestedKey.spkiSha256,
            style: 'key',
            by: WORDS.attests,
          } as const,
        ]),
    ...(record.request === undefined
      ? []
      : [{ heading: WORDS.request, text: record.request.sha256, style: 'end', by: WORDS.signs } as const]),
    ...(record.certificate === undefined
      ? []
      : [
          {
            heading: `${WORDS.certificate} ${record.certificateSerial ?? ''}`,
            text: record.certificate.sha256,
            style: 'end',
            by: WORDS.issuedFor,
          } as const,
        ]),
  ]
}

function drawBox({ heading, text, style, by }: Box, top: number): string {
  const [fill, stroke] = COLOURS[style]
  const arrow =
    by === undefined
      ? ''
      : `<path d="M42 ${top - GAP}v${GAP - 7}" stroke="#6c7a8c" stroke-width="1.5"/><path d="M37 ${top - 8}h10l-5 7z" fill="#6c7a8c"/><text x="56" y="${top - 10}" font-size="11" fill="#5b6675">${escapeHtml(by)}</text>`
  return `${arrow}<g><title>${escapeHtml(heading)}</title><rect x="2" y="${top}" width="${WIDTH}" height="${HEIGHT}" rx="6" fill="${fill}" stroke="${stroke}" stroke-width="1.5"/><text x="14" y="${top + 19}" font-size="13" fill="#1c2430">${escapeHtml(shortened(heading))}</text><text x="14" y="${top + 36}" font-size="10.5" font-family="ui-monospace,monospace" fill="#5b6675">${escapeHtml(text)}</text></g>`
}

const shortened = (text: string): string => (text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`)
