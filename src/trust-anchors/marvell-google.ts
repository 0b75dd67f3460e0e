import type { TrustAnchor } from './trust-anchor.ts'

const CHECKED = '2026-11-22 against stored copies of the published certificates; not compared with the live page'

/** The makers of the card (Marvell, formerly Cavium) and the owner (Google), of which evidence needs one each. */
export const MARVELL_GOOGLE_TRUST_ANCHORS: readonly TrustAnchor[] = [
  // The certificate of 2015 ended on 2025-11-16; that of 2024 has the same key and name.
  {
    name: 'Marvell LiquidSecurity (localca.liquidsecurity.cavium.com)',
    hsmTypes: ['MARVELL_GOOGLE'],
    role: 'root',
    authority: 'manufacturer',
    subject:
      'MIGRMQswCQYDVQQGEwJVUzETMBEGA1UECAwKQ2FsaWZvcm5pYTERMA8GA1UEBwwIU2FuIEpvc2UxFTATBgNVBAoMDENhdml1bSwgSW5jLjEXMBUGA1UECwwOTGlxdWlkU2VjdXJpdHkxKjAoBgNVBAMMIWxvY2FsY2EubGlxdWlkc2VjdXJpdHkuY2F2aXVtLmNvbQ==',
    spki: 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3JL6kDOHL2Y3cqjixjE4yicL38SToVasOqaI4FDM9dFVO89wrSa8B3BEsBA1MVJDMc6H+eZBaK1ES2lVQo3nWGrhIrJ2cMElpAHpqfRkRJvIl+gV7aGfFQ1qDth9ACYhwjOtqiXmVV4ZvAP81htD8i6wiDR9Ms/WoegXMHbGRi70L5KVDSYcFTK2/ZyPQZUZk1oaKLdWEk3+434mxJHP6TftBM99ERWi9zIciGjSUttvtdLZ8uLDlE7DxLVymoeZj5R6Z6xnAdfM+WMYK9LwzWMfhQjxqPeVxq6vTWHzTJcLEnhUq/A9VUOx2ZoqXkwdYUE1EMPyv0ZrcOTYpY5GEwIDAQAB',
    spkiSha256: '78adcba1f38bee304bc44d6a086503f2940037d4b3d58a1bf66a3282ef58cd41',
    certificateSha256: [
      '975757f0d76640e03d14760f8fc9e3a55826fa7807b2c392f7801a95bd69cc28',
      '230143df00e0b452743e068a5b3fc08df8f06cefc4854ea627aeb7ebd70ee2f4',
    ],
    notBefore: '2024-07-25',
    notAfter: '2034-07-23',
    source: 'https://www.marvell.com, LiquidSecurity certificate cnxxxxx-nfbe-x.0-g-v3',
    checked: CHECKED,
    origin: 'built-in',
  },
  // No Google evidence under it is known yet.
  {
    name: 'Marvell LiquidSecurity 2 (cavium-liquidsecurity-ls2)',
    hsmTypes: ['MARVELL_GOOGLE'],
    role: 'root',
    authority: 'manufacturer',
    subject:
      'MGkxQzAJBgNVBAYTAlVTMAkGA1UECAwCQ0EwCwYDVQQLDARTU0JVMA4GA1UEBwwHU2FuSm9zZTAOBgNVBAoMB01hcnZlbGwxIjAgBgNVBAMMGWNhdml1bS1saXF1aWRzZWN1cml0eS1sczI=',
    spki: 'MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAzzHwkk8uJQtTOWacMpNCkW+DSLLkZqOPtW05TTiyzM5XFwVYzhpQiEbGrttsq1ftLEyK5HvB9IiRNb47kBHeQb4/GE8rJx8poBLQdM7fx5GYjWr3gTbqD+Sfj7ofwQJY5xGbVTE2WMQk2wdzo0LDc2i1UV95+8RiCmPY1LlEZxaz0hw+Fd/Pu4R0DrS1oR3KG+p62g9ChhQoWlYHe66E5e5hS43KJeoN6bpAsbXOVzt1r21n0f/FllTB+E/ENiGLuPo9BuBuiiQ39yxULb202K1NnwIoU/EugYMkwoKhXzsqf1Rx7xDr7rHu4a+eCkm7NOSxfsXr2EQ8D6rCY+7n41zNrE0e2B99ywz7VijPQckXsRDBdvx5JPvb1jsoc4X+sw6/ekKkpUhWkyuV89msix/ykQwMoYrIednbtXJ3VjCQcYunDmgSxty2XPPRhsqe2PmytOhB+VGP/wZvbtbhKAUnwWlpOc2cesRJQqteAWB9KEDvA5lt0/OA1tEPWR16m2rKnBdivY4aWqJ1ZEW2hCwuObL4M7v9jxPQrMjlak2lLZ/E/8mVbTvSYJbQGa8xkHL1BqsmOHA5YoPaVGoNYKSC5EmmMqcsFRSOOcFZC4mcVhwu4zUga8gGFHIy6+y6/6LA3BpshoB99vnk0rnaNHr3lc3nf9Wqtb8YZdVFtdsCAwEAAQ==',
    spkiSha256: 'f84b0610f2ca68f1f936c12c37a22794b59a2afa54f55f8d3c977232c5b97d7c',
    certificateSha256: ['17644de0d33bc73b2f4ef4c20a11f6c8cc1f723a4cd83ee600361cbb24d8d2e5'],
    notBefore: '2024-07-22',
    notAfter: '2034-07-20',
    source: 'https://www.marvell.com, LiquidSecurity 2 certificate ls2-g-axxx-mi-f-bo-v2',
    checked: CHECKED,
    origin: 'built-in',
  },
  {
    name: 'Google Hawksbill Root v1 prod',
    hsmTypes: ['MARVELL_GOOGLE'],
    role: 'root',
    authority: 'owner',
    subject:
      'MGgxCzAJBgNVBAYTAlVTMQswCQYDVQQIDAJDQTEWMBQGA1UEBwwNTW91bnRhaW4gVmlldzETMBEGA1UECgwKR29vZ2xlIEluYzEfMB0GA1UEAwwWSGF3a3NiaWxsIFJvb3QgdjEgcHJvZA==',
    spki: 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArC6oYokhoHCS37COw5NNJjjbpaJfax5tqGwsg9ZbmvgCoPiwFvtc2rmbuYtNvBUm4A5PL7UgQxwxfl7BZ6k2yBlewrWotpZ2kHtVFU1TFhDwYtXYmBnHng6yaSaj89ml03CIIaxiEnsqviAuM9ubkKexvw/AEXrCmKmMTTanH2ZTCJNLOhIeGj8rwl2LS5fUFw9Bgyep8+DZgvhcN9QeXeSoPVl8Q2TmAtc1OfSV23ccc3gvxCaNZNQB4IbaPyfHnb0yJeTUNGoThyqFGc4YQ0bFQYqBZsplbsGhznF01LB3tzU5DcniyH6BabEEOF3B/ZIzuu2F05HQlnjWMPxWGQIDAQAB',
    spkiSha256: '11fa0c80423f28ee497a189bed4f7043629be7a7642d20eee9347a73c1ff46e8',
    certificateSha256: ['46b5fd351d56a0721ca0afcd1731c0f7b74e3941eb818bfd0ec36e29df0de095'],
    notBefore: '2017-07-01',
    notAfter: '2030-01-01',
    source: 'https://www.gstatic.com/cloudhsm/roots/global_1498867200.pem',
    checked: CHECKED,
    origin: 'built-in',
  },
]
