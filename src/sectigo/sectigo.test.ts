import { expect, test } from 'vitest'
import { memoryPollSchedule } from './collection/poll-schedule.ts'
import { createSectigo, type SectigoOptions } from './sectigo.ts'

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 0, 5)

/** Asks for an order that was asked about an hour ago; `asked` where the call would have been made. */
async function askAgain(options: Pick<SectigoOptions, 'url' | 'collection'>): Promise<string> {
  const schedule = memoryPollSchedule()
  await schedule.record('7', NOW - HOUR)
  const sectigo = createSectigo({
    ...options,
    collection: { ...options.collection, schedule },
    credentials: () => Promise.reject(new Error('asked')),
    environment: {},
    now: () => NOW,
  })
  return sectigo.collect({ orderNumber: '7' }).then(
    ({ kind }) => kind,
    (error: Error) => error.message,
  )
}

test.each<readonly [SectigoOptions['url'], SectigoOptions['collection'], string]>([
  ['https://ca.example/products/', {}, 'not-yet'],
  ['https://ca.example/products/', { floor: 1000 }, 'not-yet'],
  ['https://127.0.0.1:4/products/', { floor: 1000 }, 'asked'],
  ['https://127.0.0.1:4/products/', {}, 'not-yet'],
  ['https://127.0.0.1:4/products/', { floor: 1000, endpoint: 'https://ca.example/collect' }, 'not-yet'],
  ['https://127.0.0.1.example/products/', { floor: 1000 }, 'not-yet'],
])('%s with %j: %s', async (url = '', collection = {}, answer) => {
  expect(await askAgain({ url, collection })).toBe(answer)
})

test.each([0, -1, 0.5, Number.NaN, 4_294_968_000, Number.POSITIVE_INFINITY])('a timeout of %d ms is none', (reply) => {
  const options = { credentials: () => Promise.reject(), environment: {}, timeouts: { connect: 1000, reply } }
  expect(() => createSectigo(options)).toThrow(expect.objectContaining({ code: 'sectigo.timeout', exitCode: 2 }))
})

test.each(['//[', 'https://[', 'http://ca.example/collect'])('an address such as %s is said to be none', (endpoint) => {
  expect(() =>
    createSectigo({ credentials: () => Promise.reject(), environment: {}, collection: { endpoint } }),
  ).toThrow(expect.objectContaining({ code: expect.stringMatching(/^sectigo\.(url|plain-http)$/) }))
})
