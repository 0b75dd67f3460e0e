import { readCertificationRequest } from '../check/read/request-input.ts'
import type { CertificationRequest } from '../csr/certification-request.ts'
import { spkiOfSpkac } from '../csr/spkac.ts'
import { sha256Hex } from '../sha256-hex.ts'
import type { OrderForm } from './certificate-authority.ts'
import { splitPlaceOrder } from './other-products/place-order-items.ts'
import { FormView } from './parameters/form-view.ts'

/** One request of a form, with what its item brings as proof of the key. */
export interface OrderedKey {
  /** PKCS#10, DER; absent where the key comes as SPKAC. */
  readonly csr?: Uint8Array
  /** The same as it was read. */
  readonly request?: CertificationRequest
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** SHA-256 of it, hex. */
  readonly spkiSha256: string
  readonly hsmType: string | undefined
  readonly keyAttestation: string | undefined
}

/** The keys that a form orders for, in any spelling: one at most with `!AutoApplyOrder`, one per item with `!PlaceOrder`. */
export function orderedKeys(form: OrderForm, kind: 'auto-apply' | 'place'): readonly OrderedKey[] {
  const parts = kind === 'place' ? splitPlaceOrder(form).items.map((item) => item.form) : [form]
  return parts.flatMap((part) => {
    const view = new FormView(part)
    const [request, spkac] = [view.get('csr', 'pkcs10'), view.get('spkac')]
    const csr = request === undefined ? undefined : readCertificationRequest(Buffer.from(request))
    const spki = csr?.spki ?? (spkac === undefined ? undefined : spkiOfSpkac(spkac))
    if (spki === undefined) return []
    return [
      {
        ...(csr === undefined ? {} : { csr: csr.der, request: csr }),
        spki,
        spkiSha256: sha256Hex(spki),
        hsmType: view.get('hsmType'),
        keyAttestation: view.get('keyAttestation'),
      },
    ]
  })
}
