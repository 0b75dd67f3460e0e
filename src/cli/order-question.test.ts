import { expect, it } from 'vitest'
import { Configuration } from '../config/configuration.ts'
import { orderQuestion } from './order-question.ts'

const question = (settings: Readonly<Record<string, string>>): string =>
  orderQuestion(
    new Configuration(
      new Map(
        Object.entries({ 'sectigo.endpoint': 'https://ca.example/products/', ...settings }).map(
          ([path, value]) => [path, { value, origin: 'a test', layer: 'profile' }] as const,
        ),
      ),
    ),
  )

it.each<[string, Record<string, string>, RegExp]>([
  ['Sectigo', { 'order.product': '1214', 'order.days': '365' }, /1214 for 365 days from https:\/\/ca\.example/],
  [
    'a broker',
    { 'broker.url': 'https://broker.example:8443' },
    /days from the broker https:\/\/broker\.example:8443\?$/,
  ],
  [
    'an ACME server',
    { ca: 'acme', 'acme.directory': 'https://acme.example/d' },
    /issued by https:\/\/acme\.example\/d\?$/,
  ],
])('a person is asked about an order from %s by its own address', (_who, settings, asked) => {
  expect(question(settings)).toMatch(asked)
})
