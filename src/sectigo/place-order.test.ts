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

test('a redirect that carries the reply is read, any other is left alone', () => {
  const answer = (location: string) =>
    redirectAsReply({
      kind: 'reply',
      status: 302,
      contentType: '',
      location,
      body: new Uint8Array(),
      text: '',
      redact: (text) => text,
    })
  expect(answer('https://my.shop/ok?shop=1&orderNumber=77#top')).toMatchObject({
    status: 200,
    text: 'shop=1&orderNumber=77',
  })
  expect(answer('/error?errorCode=-3&errorItem=csr')).toMatchObject({ status: 200 })
  expect(answer('https://elsewhere.example/login?next=orderNumber')).toMatchObject({ status: 302 })
})
