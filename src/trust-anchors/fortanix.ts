import type { TrustAnchor } from './trust-anchor.ts'

const CHECKED = '2026-11-22 against stored copies of the published certificates; not compared with the live page'

/** Fortanix's root for attestation. Its tests use another root of the same name: the key decides. */
export const FORTANIX_TRUST_ANCHORS: readonly TrustAnchor[] = [
  {
    name: 'Fortanix Attestation and Provisioning Root CA',
    hsmTypes: ['FORTANIX'],
    role: 'root',
    subject:
      'MIGJMQswCQYDVQQGDAJVUzETMBEGA1UECAwKQ2FsaWZvcm5pYTEUMBIGA1UEBwwLU2FudGEgQ2xhcmExFzAVBgNVBAoMDkZvcnRhbml4LCBJbmMuMTYwNAYDVQQDDC1Gb3J0YW5peCBBdHRlc3RhdGlvbiBhbmQgUHJvdmlzaW9uaW5nIFJvb3QgQ0E=',
    spki: 'MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEApoyh9ygByNNzK2OTAbexDaZ9daU+ESRQtQPPcVZJ4pnGKVZwFCquKCkr/DsgYhlz11VZq+5+hcmNmZoL/BZUCr3PEtMgride9SBAdAEEl0ll5OhOisO1qVFDTBlwKAgbigdeyMaqzPDEf0c7XyI1sqwAZhRzfg0q85XrkW0IIvEeCekbw82VWJy8zRPMYPOmWG39vp9r2ZQNCyG+idVfupUHMBVAT3qQ1+zUYHqZ6TKGsLDHomS29GEOJ7sEU0s8MMv+S9uTBPKfuHaxpAtNTGdEe56+tAAB0aJ1iaxuNQHx5oGfXwKYgciFllnRYFIpB4DJeJhqTjbgsiND6M1Fq60L7GG1e+yyVTp7+EKkvhe3qWUfAYbp18qADbp5vKilviZCnEZ/d7e0PCQwyoZUzdtEYxRk8a65zCA3UIbIfBQlrhO3EBRSgxZLD3sk8zCgC8LOfNlDN2xbpY8WZNUxsmI68JwCl+h/rfUkuw5sORm9IQBuCUBnRXtRNjeynLyPNIDokxtdTdFlVR6AZIFiO/6+pAPz+XsbG6nvg2Y0XMfhbiuMp1sMPxatas7DjogKtmHenbbuxl1okHk31siQR+RyfGeWT8RrGBBXRx+dV9bNnM5COFWfnXZ0Opa9R3gYJzI0vxoLUyA5PA9Kw2PN8HsX1MhupqNlQzGwkuWsrxsCAwEAAQ==',
    spkiSha256: 'd01275cc16bdc2dad8cd51532bcfc9e69edb9963a4324aa5e12945372afb5e15',
    certificateSha256: ['d71a15b34e781e9ef91354fabae8b115e062b89795fec3aec0e045fed266c2c2'],
    notBefore: '2023-09-01',
    notAfter: '2033-08-29',
    source: 'https://pki.fortanix.com/Fortanix_Attestation_and_Provisioning_Root_CA.crt',
    checked: CHECKED,
    origin: 'built-in',
  },
]
