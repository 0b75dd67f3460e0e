import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import type { ProgramEnd } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { makeCsr } from '../sectigo/rehearsal-kit.ts'

let folder: string
let rehearsal: Rehearsal
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'order-forms-'))
  rehearsal = await startRehearsal({
    directory: join(folder, 'r'),
    device: 'yubihsm2',
    algorithm: 'P-256',
    authority: { account: { credit: '100000.00' }, flow: [] },
  })
})
afterAll(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const program = (...args: string[]): Promise<ProgramEnd> =>
  runInside([...args, '--profile', rehearsal.profile, '--no-input'])
const runs = (...args: string[]): Promise<ProgramEnd> =>
  runInside(['runs', ...args, '--json', '--state-directory', rehearsal.stateDirectory])
const requests = (endpoint: string): number => rehearsal.ca.counters.requests[endpoint] ?? 0

interface Shown {
  readonly id: string
  readonly state: string
  readonly folder: string
  readonly orderNumber: string
  readonly next: string
  readonly unknownReply?: string
  readonly refusalCauses?: readonly string[]
}
const shown = (end: ProgramEnd): Shown => JSON.parse(end.stdout) as Shown

let forms = 0
async function formFile(form: Record<string, unknown>): Promise<string> {
  const file = join(folder, `${++forms}.yaml`)
  await writeFile(file, stringify(form))
  return file
}
const submit = async (form: Record<string, unknown>, ...more: string[]): Promise<ProgramEnd> =>
  program('order', 'submit', await formFile(form), '--yes', '--json', ...more)
const place = async (form: Record<string, unknown>, ...more: string[]): Promise<ProgramEnd> =>
  program('place-order', await formFile(form), '--yes', '--json', ...more)

/** A personal certificate of the manual (example 5.8). */
const personalForm = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  days: 365,
  product: 506,
  appRepEmailAddress: 'a@example.org',
  csr: makeCsr('CN=Ada Example', testKeyPair('P-256')),
  ...over,
})

const azureForm = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  ap: 'brand',
  reseller: 'Y',
  countryName: 'NL',
  name: 'Ada Example',
  emailAddress: 'ada@example.org',
  '1_PPP': '6050',
  ...over,
})

/** A HackerGuardian licence: an order without any key. */
const licenceForm = (login: string): Record<string, unknown> => ({
  days: 365,
  product: '586,587',
  appRepEmailAddress: 'a@example.org',
  organizationName: 'Example Ltd',
  countryName: 'NL',
  appRepLoginName: login,
  appRepForename: 'Ada',
  appRepSurname: 'Example',
})

/** Request and evidence of a key on the device, which was not ordered for. */
async function attested(): Promise<{ readonly csr: string; readonly attestation: string }> {
  const end = await runInside(['attest', rehearsal.profile, '--json'])
  expect(end.code, end.stderr).toBe(0)
  const run = shown(end).folder
  const attestation = (await readFile(join(run, 'attestation.pem'))).toString('base64')
  return { csr: await readFile(join(run, 'request.csr.pem'), 'utf8'), attestation }
}

describe('after a refusal that says that nothing was ordered', () => {
  it.each([
    [-15, 'Not enough credit!'],
    [-16, 'Permission denied!'],
    [-65, 'PlanID for this product not found.'],
  ])('%i: the same form can be given again', async (code, message) => {
    const form = personalForm()
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code, message })
    const refused = await submit(form)
    expect(refused.code, refused.stderr).toBe(4)
    expect(shown(refused).next).toContain('order submit')
    const again = await submit(form)
    expect(again.code, again.stderr).toBe(0)
    expect(shown(again).state).toBe('ordered')
  })
})

describe('after a refusal that may hide an order', () => {
  it.each([
    [-14, 'An unknown error occurred!'],
    [-100, 'internal error'],
    [-999, 'a number that nobody documents'],
  ])('%i: the key stays taken until somebody has looked', async (code, message) => {
    const form = personalForm()
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code, message })
    const refused = await submit(form)
    expect(refused.code, refused.stderr).toBe(4)
    const { id, next } = shown(refused)
    expect(next).toContain(`runs resolve ${id} --not-placed`)
    const sent = requests('!AutoApplyOrder')
    const again = await submit(form)
    expect(again.code, again.stderr).toBe(1)
    expect(again.stderr).toContain('order.duplicate')
    expect(requests('!AutoApplyOrder')).toBe(sent)
    // What was not even begun is no run.
    expect((JSON.parse((await runs('list')).stdout) as { runs: { id: string }[] }).runs.at(-1)?.id).toBe(id)
    const resolved = await runs('resolve', id, '--not-placed')
    expect(resolved.code, resolved.stderr).toBe(0)
    expect((await submit(form)).code).toBe(0)
  })

  it('it can turn out to be one', async () => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -14, message: 'An unknown error occurred!' })
    const { id } = shown(await submit(personalForm()))
    const other = shown(await submit(personalForm()))
    const resolved = await runs('resolve', id, '--order-number', other.orderNumber)
    expect(resolved.code, resolved.stderr).toBe(0)
    expect(shown(resolved)).toMatchObject({ state: 'ordered', orderNumber: other.orderNumber })
  })

  it('a CA that does not tell the status leaves it to the word of the operator', async () => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    const { id } = shown(await submit(personalForm()))
    const number = rehearsal.ca.orders.at(-1)?.orderNumber ?? ''
    expect((await runs('resolve', id, '--order-number', '404')).stderr).toContain('run.no-such-order')
    rehearsal.ca.fail({ endpoint: '!GetDetailedOrderStatus', kind: 'error', code: -16, message: 'Permission denied!' })
    const resolved = await runs('resolve', id, '--order-number', number)
    expect(resolved.code, resolved.stderr).toBe(0)
    expect(shown(resolved)).toMatchObject({ state: 'ordered', orderNumber: number })
  })

  it('an authorization that failed at the CA is not repeated', async () => {
    const placed = shown(await place(azureForm({ '1_csr': makeCsr('CN=a', testKeyPair('P-256')) })))
    rehearsal.ca.fail({ endpoint: '!AutoAuthorize', kind: 'error', code: -14, message: 'An unknown error occurred!' })
    expect((await program('order', 'authorize', placed.orderNumber, '--yes')).code).toBe(4)
    const again = await program('order', 'authorize', placed.orderNumber, '--yes')
    expect(again.code).toBe(5)
    expect(again.stderr).toContain('order.charged')
    expect(requests('!AutoAuthorize')).toBe(1)
  })
})

describe('one order for one key', () => {
  it('whatever the parameter of the request is called', async () => {
    const csr = makeCsr('CN=Ada Example', testKeyPair('P-256'))
    const bare = csr.replace(/-----[^-]+-----|\s/g, '')
    expect((await submit(personalForm({ csr: '', pkcs10: csr }))).code).toBe(0)
    for (const other of [{ csr: bare }, { csr: '', PKCS10: bare }]) {
      const again = await submit(personalForm(other))
      expect(again.code, again.stderr).toBe(1)
      expect(again.stderr).toContain('order.duplicate')
    }
  })

  it('SPKAC too', async () => {
    const key = testKeyPair('P-256')
    // A PKCS#10 request begins with version and subject, an SPKAC with the key.
    const spkac = Buffer.concat([Buffer.from([0x30, key.spki.length + 2, 0x30, key.spki.length]), key.spki])
    expect((await submit(personalForm({ csr: '', spkac: spkac.toString('base64') }))).code).toBe(0)
    const again = await submit(personalForm({ csr: makeCsr('CN=Ada Example', key) }))
    expect(again.stderr).toContain('order.duplicate')
  })

  it('every item of place-order counts, and none is taken where one is refused', async () => {
    const [first, second, third] = [testKeyPair('P-256'), testKeyPair('P-256'), testKeyPair('P-256')]
    const items = (...keys: (typeof first)[]): Record<string, string> =>
      Object.fromEntries(
        keys.flatMap((key, index) => [
          [`${index + 1}_PPP`, '6050'],
          [`${index + 1}_csr`, makeCsr('CN=Ada Example', key)],
        ]),
      )
    expect((await place(azureForm(items(first, second)))).code).toBe(0)
    const again = await place(azureForm(items(third, second)))
    expect(again.code, again.stderr).toBe(1)
    expect(again.stderr).toContain('order.duplicate')
    expect((await place(azureForm(items(third)))).code).toBe(0)
  })

  it('an order that the CA rejected later no longer stands in the way of the next form', async () => {
    const form = personalForm()
    const { id, orderNumber } = shown(await submit(form))
    expect(rehearsal.ca.perform(orderNumber, 'reject', 'documents missing')).toBe(true)
    const rejected = await runs('resume', id)
    expect(rejected.code, rejected.stderr).toBe(4)
    expect(shown(rejected).next).toContain('order submit')
    expect((await submit(form)).code).toBe(0)
  })
})

describe('what a person must do now', () => {
  it('an order that waits for its authorization says so, also later', async () => {
    const file = await formFile(azureForm({ '1_csr': makeCsr('CN=a', testKeyPair('P-256')), '1_MACAddress': '00:11' }))
    const end = await program('place-order', file, '--yes')
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toMatch(/1_MACAddress: the page does not list it, and calls its list a sample/)
    const [, id = ''] = /^run (\S+)$/m.exec(end.stdout) ?? []
    const [, orderNumber = ''] = /order +(\d+)/.exec(end.stdout) ?? []
    const show = await runInside(['runs', 'show', id, '--state-directory', rehearsal.stateDirectory])
    for (const text of [end.stdout, show.stdout])
      expect(text).toMatch(new RegExp(`next +authorize it.*order authorize ${orderNumber}.*runs resume ${id}`))
    const charged = await place(azureForm({ reseller: 'N', '1_csr': makeCsr('CN=a', testKeyPair('P-256')) }))
    expect(shown(charged).next).toMatch(/^wait for the CA/)
  })

  it('every open step stands on a line of its own', async () => {
    const { id } = shown(await submit(personalForm()))
    const end = await runInside(['runs', 'resume', id, '--state-directory', rehearsal.stateDirectory])
    expect(end.code, end.stderr).toBe(6)
    expect(end.stdout).toMatch(
      /^ {2}to do +Sectigo checks the organization.*\n {12}Answer the callback.*\n {12}Accept/m,
    )
  })
})

describe('an order without a key', () => {
  it('is not sent twice in the same form, and says how it can be', async () => {
    const form = licenceForm('first')
    const ordered = await submit(form)
    expect(ordered.code, ordered.stderr).toBe(0)
    expect(shown(ordered).next).toContain(`order status ${shown(ordered).orderNumber}`)
    const again = await submit(form)
    expect(again.code).toBe(1)
    expect(again.stderr).toMatch(/already ordered with this very form/)
    expect(again.stderr).toContain(`runs abandon ${shown(ordered).id} --despite-order`)
    const abandoned = await runs('abandon', shown(ordered).id, '--despite-order', '--yes')
    expect(abandoned.code, abandoned.stderr).toBe(0)
    expect((await submit(form)).code).toBe(0)
  })

  it('is followed by its number: no certificate of it can come', async () => {
    const { id } = shown(await submit(licenceForm('second')))
    const asked = requests('download/CollectSSL')
    const end = await runs('resume', id)
    expect(end.code).toBe(2)
    expect(end.stderr).toMatch(/run\.no-key/)
    expect(end.stderr).toContain('order status')
    expect(requests('download/CollectSSL')).toBe(asked)
  })
})

describe('a number of the customer’s own', () => {
  it('is taken for Document Signing where the account is known to accept it', async () => {
    const form = await formFile({
      product: 1214,
      days: 365,
      isCustomerValidated: 'N',
      organizationName: 'Example Ltd',
      streetAddress1: 'Oudegracht 1',
      localityName: 'Utrecht',
      stateOrProvinceName: 'Utrecht',
      countryName: 'NL',
      postalCode: '3511 AB',
      appRepTitle: 'Ms',
      appRepForename: 'Ada',
      appRepSurname: 'Example',
      appRepEmailAddress: 'ada@example.org',
      hsmType: 'YUBIHSM2',
      keyAttestation: 'AAAA',
      csr: makeCsr('CN=Example Ltd', testKeyPair('P-256')),
      foreignOrderNumber: 'ours-1',
    })
    const dry = (env: Record<string, string>): Promise<ProgramEnd> =>
      runInside(['order', 'submit', form, '--dry-run', '--send-anyway', '--profile', rehearsal.profile], { env })
    const refused = await dry({})
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/foreignOrderNumber: !AutoApplyOrder .* has no such parameter/)
    const taken = await dry({ HSM_ENROLL_SECTIGO_FOREIGN_ORDER_NUMBER: 'true' })
    expect(taken.code, taken.stderr).toBe(0)
  })
})

describe('evidence in a form', () => {
  it('of place-order is judged before anything is sent, item by item', async () => {
    const [one, other] = [await attested(), await attested()]
    const item = (evidence: string): Record<string, unknown> =>
      azureForm({ '1_csr': one.csr, '1_hsmType': 'YUBIHSM2', _1_keyAttestation: evidence })
    const sent = requests('!PlaceOrder')
    for (const more of [['--dry-run'], ['--url'], []]) {
      const end = await place(item(other.attestation), ...more)
      expect(end.code, end.stderr).toBe(1)
      expect(end.stderr).toMatch(/refused: the key attestation does not pass the checks here \(binding\.key\)/)
      const anyway = more.length === 0 ? undefined : await place(item(other.attestation), ...more, '--send-anyway')
      expect(anyway?.code ?? 0, anyway?.stderr).toBe(0)
    }
    expect(requests('!PlaceOrder')).toBe(sent)
    const refused = await place(item(other.attestation), '--send-anyway')
    expect(refused.code, refused.stderr).toBe(4)
    expect(refused.stderr).toMatch(/warning: the key attestation does not pass the checks here/)
    expect(shown(refused).refusalCauses?.[0]).toMatch(/^confirmed: the CSR was created with a key other/)
    const good = await place(item(one.attestation))
    expect(good.code, good.stderr).toBe(0)
    expect(good.stderr).not.toMatch(/warning: the key attestation/)
  })

  it('that cannot be read still gives the causes of -129 that the form itself shows', async () => {
    const { csr } = await attested()
    const twice = Buffer.from(Buffer.from('A'.repeat(200)).toString('base64')).toString('base64')
    const form = azureForm({ '1_csr': csr, '1_hsmType': 'YUBIHSM2', '1_keyAttestation': twice })
    const sent = requests('!PlaceOrder')
    expect((await place(form)).code).toBe(1)
    expect(requests('!PlaceOrder')).toBe(sent)
    const end = await place(form, '--send-anyway')
    expect(end.code, end.stderr).toBe(4)
    expect(end.stderr).toMatch(/warning: the key attestation/)
    expect(shown(end).refusalCauses?.[0]).toMatch(/^confirmed: the package was encoded twice/)
  })

  it('is found whatever the case of its name', async () => {
    const { csr, attestation } = await attested()
    const form = azureForm({ '1_CSR': csr, '1_HSMTYPE': 'YUBIHSM2', '1_KeyAttestation': attestation })
    rehearsal.ca.fail({ endpoint: '!PlaceOrder', kind: 'error', code: -129, message: 'Error' })
    const causes = shown(await place(form)).refusalCauses ?? []
    expect(causes.length).toBeGreaterThan(0)
    expect(causes.join('\n')).not.toContain('confirmed')
  })
})

describe('an answer that is no answer', () => {
  it('is kept with the run: an order number may stand in it', async () => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'truncated' })
    const end = await submit(personalForm())
    expect(end.code, end.stderr).toBe(5)
    const { id, unknownReply } = shown(end)
    expect(unknownReply).toMatch(/^0\n\d+/)
    const show = await runInside(['runs', 'show', id, '--state-directory', rehearsal.stateDirectory])
    expect(show.stdout).toMatch(/reply +"0/)
  })

  it('the password of a licence account is taken out of what the CA says', async () => {
    const word = 'planted-licence-word+1'
    const message = `you sent ${word} and ${encodeURIComponent(word)}`
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -999, message })
    const end = await submit({ ...licenceForm('third'), AppRepLoginPassword: word })
    expect(end.code, end.stderr).toBe(4)
    expect(end.stdout).toContain('you sent [redacted] and [redacted]')
    const journal = await readFile(join(shown(end).folder, 'journal.jsonl'), 'utf8')
    expect(journal + end.stdout + end.stderr).not.toMatch(/planted/)
  })
})
