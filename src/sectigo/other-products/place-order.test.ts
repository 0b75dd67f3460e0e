import { expect, test } from 'vitest'
import { orderingUrl, redirectAsReply } from './place-order.ts'

test('the ordering URL holds the form and never a login', () => {
  const url = new URL(
    orderingUrl({
      ap: 'brand',
      reseller: 'Y',
      '1_PPP': '6050',
      loginName: 'me',
      LOGINPASSWORD: 'secret',
      name: 'A & B',
      region: '',
    }),
  )
  expect(url.origin + url.pathname).toBe('https://secure.trust-provider.com/products/!PlaceOrder')
  expect(Object.fromEntries(url.searchParams)).toEqual({ ap: 'brand', reseller: 'Y', '1_PPP': '6050', name: 'A & B' })
})

test.each<readonly [status: number, location: string, text: string | undefined]>([
  [302, 'https://my.shop/ok?shop=1&orderNumber=77#top', 'shop=1&orderNumber=77'],
  [303, 'https://MY.shop:443/error?errorCode=-3&errorItem=csr', 'errorCode=-3&errorItem=csr'],
  [307, 'https://my.shop/ok?shop=1&orderNumber=77', undefined],
  [308, 'https://my.shop/ok?shop=1&orderNumber=77', undefined],
  [302, 'https://elsewhere.example/ok?orderNumber=77', undefined],
  [302, 'https://my.shop/error?orderNumber=77', undefined],
  [302, '/ok?orderNumber=77', undefined],
  [302, 'https://my.shop/ok?next=orderNumber', undefined],
])('a redirect %i to %s is read where it stands, or not at all', (status, location, text) => {
  const read = redirectAsReply(
    { kind: 'reply', status, contentType: '', location, body: new Uint8Array(), text: '', redact: (said) => said },
    { SuccessURL: 'https://my.shop/ok?shop=1', errorURL: 'https://my.shop/error' },
  )
  expect(read).toMatchObject(text === undefined ? { status, text: '' } : { status: 200, text })
})

test('where no page was named, no redirect is a reply', () => {
  const answer = {
    kind: 'reply',
    status: 302,
    contentType: '',
    location: 'https://my.shop/ok?orderNumber=77',
    body: new Uint8Array(),
    text: '',
    redact: (said: string) => said,
  } as const
  expect(redirectAsReply(answer, {})).toBe(answer)
})
