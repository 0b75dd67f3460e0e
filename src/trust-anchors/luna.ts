import type { TrustAnchor } from './trust-anchor.ts'

const CHECKED = '2026-11-22 against stored copies of the published certificates; not compared with the live page'

/** Thales's roots for public key confirmations. Two certificates of one key are in circulation for RSA, so the key is pinned. */
export const LUNA_TRUST_ANCHORS: readonly TrustAnchor[] = [
  // Serial 804500000007 (SHA-1, no basicConstraints) and 80450000000D (SHA-384, CA). Vouches for RSA keys.
  {
    name: 'Chrysalis-ITS Root',
    hsmTypes: ['LUNA'],
    role: 'root',
    subject:
      'MGoxCzAJBgNVBAYTAkNBMRAwDgYDVQQIEwdPbnRhcmlvMQ8wDQYDVQQHEwZPdHRhd2ExGzAZBgNVBAoTEkNocnlzYWxpcy1JVFMgSW5jLjEbMBkGA1UEAxMSQ2hyeXNhbGlzLUlUUyBSb290',
    spki: 'MIICIDANBgkqhkiG9w0BAQEFAAOCAg0AMIICCAKCAgEAumAZOCcEhuMbWkao2zkD9Qud/JwNsFmeobZeOlcRVP1WxknrabsFadaYQwy7lntDPaiVWwzXXsBm+CemB6AlFZxcIRVy7tIydQGHCY5mOeHTRTO/HS1JEbwZaNXc7U6dhtnjjWrJlzNDHQO/QAxMGvRs0rXJerwm13iQ5uJHolMjA6DSQH6dM2gA3KF8Zkd+K3okfGZS6z7J9ZmbCE98av7hfoZIY/xKl5GK4qqgJLaArEpqsjyZ5m6SAG0HrIWfWnpNfb/vLJxusWGTKi99f69NO4goHC7toGHDNeax+Wdtogfupk+WHSWDswFOzmK8uEFWXjbcRpolAapwZJBbNviDCdXflOo4Ad43t4gGLkMuTeG/9zIHV9wcM66oabZGSAvOrrpDGQR8OB+zZVsssfxsGloEVuO+qLTEq+6cgo656MKEwCcw9yffeJEWdpL+aQbI5HNkHeo6n5WnySKd8MHWLzRfj2hoIdEAXhyiF3zz4kSfYsRJPVdC5ulRZ89nWKYTRs6DrwF14XMfMayL9r+eRXjk/yeyklwsfznFiLOVnoXsKXJUY8apfIpxCZL6bLJD4IXgQ2ghkwje/5hotMP35QAPgBX64sLy/EuuU4+mLjZQztiaaDoB3tPW3cA3KyPX9wUl1ysDUALTZJEicI4jUptorrcUmoAFLHUbCWkCAQM=',
    spkiSha256: '5d31fc462ae8a1a5327b149ff43aa6d867a28d7e17ca1cca7e7d514cf8cdc132',
    certificateSha256: [
      '807e1680ab0c933971fe7075595c1072e3183951a5a8ab53506f1093feff66e7',
      '696a7ee67bc4facff60911bc0b24a3a6bce75a2ef4c42318448add4501b69969',
    ],
    notBefore: '2002-01-01',
    notAfter: '2032-01-01',
    source:
      'Thales, "Verifying the HSM’s Authenticity" (README of github.com/ThalesGroup/luna-pkc-validator); github.com/pkic/remote-key-attestation',
    checked: CHECKED,
    origin: 'built-in',
  },
  // Vouches for EC keys. The name ends in a blank.
  {
    name: 'SafeNet ECC Manufacturer Integrity Module',
    hsmTypes: ['LUNA'],
    role: 'root',
    subject:
      'MIGEMQswCQYDVQQGEwJVUzEWMBQGA1UEChMNU2FmZU5ldCwgSW5jLjEoMCYGA1UECxMfTHVuYSBNYW51ZmFjdHVyZXIgSW50ZWdyaXR5IEVDQzEzMDEGA1UEAxMqU2FmZU5ldCBFQ0MgTWFudWZhY3R1cmVyIEludGVncml0eSBNb2R1bGUg',
    spki: 'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEY4hhhatC4xJx8QCpcx/uC7TmcGDM7fdXdEQicWmlOG7SUKc8djjLgRShUa4WLqfZJf/C92AjtY8UXp5+PEQmr5GzdVw+mg5JYo94xaLxBubzg8KQaT8Pew/nEH7XnXvm',
    spkiSha256: '9ce6c272050d813428e7b7a6754143690128b823151671efc5e29ca1321c6804',
    certificateSha256: ['4cd8f4ea28f9de27b029c4118a4dfb3693b3e679ef8322ba123c93524478dd3e'],
    notBefore: '2010-08-12',
    notAfter: '2030-08-12',
    source: 'Thales, "Verifying the HSM’s Authenticity" (README of github.com/ThalesGroup/luna-pkc-validator)',
    checked: CHECKED,
    origin: 'built-in',
  },
]
