import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { FAULT_KINDS, type FaultKind } from '../../src/sandbox/certificate-authority/fault.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createClient } from '../../src/sectigo/http/client.ts'
import { placeOrder } from '../../src/sectigo/other-products/place-order.ts'
import type { ProgramEnd } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { clientOptions, makeCsr, serverCertificateForm, tokenOrderForm } from '../sectigo/rehearsal-kit.ts'

const LOGIN = { loginName: 'planted-name+7f3', loginPassword: 'planted/word&=%"1' }

let folder: string
let rehearsal: Rehearsal
/** Everything that any program of this file wrote. */
let written = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orders-'))
  rehearsal = await startRehearsal({
    directory: join(folder, 'r'),
    device: 'yubihsm2',
    algorithm: 'P-256',
    authority: { account: { ...LOGIN, credit: '100000.00' } },
  })
})
afterAll(async () => {
  await expectNoLogin()
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

async function program(args: readonly string[], env: Record<string, string> = {}): Promise<ProgramEnd> {
  const end = await runInside([...args, '--profile', rehearsal.profile, '--trace'], { env })
  written += end.stdout + end.stderr
  return end
}
/** What the CA may say of what it was sent. */
const ECHO = `you sent ${LOGIN.loginName} ${LOGIN.loginPassword} ${new URLSearchParams({ p: LOGIN.loginPassword })}`

/** In what was written so far: output, trace, journals, any file of the state. Returns how many files were read. */
async function expectNoLogin(): Promise<number> {
  const entries = await readdir(rehearsal.stateDirectory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const spellings = [LOGIN.loginName, LOGIN.loginPassword, 'planted-wrong-word'].flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ])
  for (const text of [written, ...(await Promise.all(files.map((file) => readFile(file, 'latin1'))))])
    for (const spelling of spellings) expect(text).not.toContain(spelling)
  return files.length
}

const requests = (endpoint: string): number => rehearsal.ca.counters.requests[endpoint] ?? 0

/** Writes a form and returns its path. */
async function formFile(name: string, form: Record<string, unknown>): Promise<string> {
  const file = join(folder, `${name}.yaml`)
  await writeFile(file, stringify(form))
  return file
}

const sslForm = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...serverCertificateForm(),
  ...over,
})

let customers = 0
/** Each for another person. */
const placeOrderForm = (): Record<string, string> => tokenOrderForm(`Ada Example ${++customers}`)

interface Shown {
  readonly id: string
  readonly state: string
  readonly folder: string
  readonly orderNumber: string
  readonly refusalCauses?: readonly string[]
}
const shown = (end: ProgramEnd): Shown => JSON.parse(end.stdout) as Shown

/** A key on the device with its request and evidence, not ordered. */
async function attested(): Promise<Shown> {
  const end = await runInside(['attest', rehearsal.profile, '--json'])
  expect(end.code, end.stderr).toBe(0)
  return shown(end)
}

async function documentSigningForm(name: string, over: Record<string, unknown> = {}): Promise<string> {
  const { folder: run } = await attested()
  return formFile(name, {
    product: '1214',
    days: '365',
    SmartCardBased: 'N',
    isCustomerValidated: 'N',
    organizationName: 'Example Signing GmbH',
    streetAddress1: 'Oudegracht 1',
    localityName: 'Utrecht',
    stateOrProvinceName: 'Utrecht',
    countryName: 'NL',
    postalCode: '07068',
    appRepTitle: 'Director',
    appRepForename: 'Zoë',
    appRepSurname: 'Example',
    appRepEmailAddress: 'zoe@signing.example',
    hsmType: 'YUBIHSM2',
    csr: { file: join(run, 'request.csr.pem') },
    keyAttestation: { 'base64-of': join(run, 'attestation.pem') },
    ...over,
  })
}

describe('order submit', () => {
  it('places a Document Signing order from a form, once for its key; the run collects the certificate', async () => {
    const before = requests('!AutoApplyOrder')
    const form = await documentSigningForm('document-signing')
    const dry = await program(['order', 'submit', form, '--dry-run', '--json'])
    expect(dry.code, dry.stdout).toBe(0)
    expect(JSON.parse(dry.stdout)).toMatchObject({ ready: true })
    const unasked = await program(['order', 'submit', form, '--no-input'])
    expect(unasked.code).toBe(2)
    expect(requests('!AutoApplyOrder')).toBe(before)
    const end = await program(['order', 'submit', form, '--yes', '--json'])
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end)).toMatchObject({ state: 'ordered', amount: '245.00' })
    const status = await program(['order', 'status', shown(end).orderNumber])
    expect(status.code, status.stderr).toBe(0)
    expect(status.stdout).toMatch(/issued/)
    const again = await program(['order', 'submit', form, '--yes'])
    expect(again.code, again.stderr).toBe(1)
    expect(again.stderr).toContain('order.duplicate')
    expect(requests('!AutoApplyOrder')).toBe(before + 1)
    const state = ['--state-directory', rehearsal.stateDirectory]
    const collected = await runInside(['runs', 'resume', shown(end).id, '--json', ...state])
    expect(collected.code, collected.stderr).toBe(0)
    expect(shown(collected).state).toBe('issued')
  })

  it('places any product of the general manual', async () => {
    const credit = Number(rehearsal.ca.credit)
    const end = await program(['order', 'submit', await formFile('ssl', sslForm()), '--yes', '--json'])
    expect(end.code, end.stderr).toBe(0)
    expect(Number(rehearsal.ca.credit)).toBe(credit - 100)
    expect(rehearsal.ca.orders.at(-1)).toMatchObject({ orderNumber: shown(end).orderNumber, products: ['488'] })
  })

  it('warns of a CSR that strict parsers refuse before it is ordered with', async () => {
    const csr = makeCsr('CN=example.org', testKeyPair('P-256'), new Uint8Array())
    const end = await program([
      'order',
      'submit',
      await formFile('no-attributes', sslForm({ csr })),
      '--dry-run',
      '--json',
    ])
    expect(end.code, end.stderr).toBe(0)
    const message = expect.stringMatching(/^the CSR: the attributes element .* is missing/)
    const finding = expect.objectContaining({ code: 'policy.request.form', severity: 'warning', message })
    expect(JSON.parse(end.stdout)).toMatchObject({ ready: true, findings: expect.arrayContaining([finding]) })
    expect(end.stderr).toMatch(/warning: the CSR: the attributes element/)
  })

  it('counts a test order by what the form says, wherever it says it', async () => {
    const credit = rehearsal.ca.credit
    const form = await formFile('ssl-test', sslForm({ test: 'Y' }))
    const end = await program(['order', 'submit', form, '--json'])
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end)).toMatchObject({ state: 'ordered', test: true })
    expect(rehearsal.ca.credit).toBe(credit)
  })

  it.each<[string, Record<string, unknown>, number, RegExp]>([
    ['a misspelt name', sslForm({ prodct: '488' }), 1, /Did you mean product/],
    ['a missing parameter', sslForm({ days: '' }), 1, /days: it is required/],
    ['a login in the form', sslForm({ loginPassword: 'planted-in-form' }), 1, /the login does not belong/],
    ['a file that is not there', sslForm({ csr: { file: 'nosuch.pem' } }), 2, /Could not read .*nosuch\.pem/],
    ['a folder for a file', sslForm({ csr: { file: '.' } }), 2, /EISDIR/],
    ['a nested value', sslForm({ csr: { a: { b: 'c' } } }), 2, /csr is neither a value/],
  ])('refuses %s before a run exists or anything is sent', async (_what, form, code, says) => {
    const file = await formFile('refused', form)
    const runs = (await readdir(join(rehearsal.stateDirectory, 'runs')).catch(() => [])).length
    const sent = JSON.stringify(rehearsal.ca.counters)
    for (const more of [['--yes'], ['--dry-run']]) {
      const end = await program(['order', 'submit', file, ...more])
      expect(end.code, end.stderr).toBe(code)
      expect(end.stderr).toMatch(says)
      expect(end.stderr + end.stdout).not.toContain('planted-in-form')
    }
    expect(JSON.stringify(rehearsal.ca.counters)).toBe(sent)
    expect((await readdir(join(rehearsal.stateDirectory, 'runs')).catch(() => [])).length).toBe(runs)
  })

  it('shows what can be done about a refusal: -129 with causes from the evidence in the form', async () => {
    // The key of one run with the evidence of another: refused for a reason that can be seen here.
    const { folder: other } = await attested()
    const form = await documentSigningForm('other-evidence', {
      keyAttestation: { 'base64-of': join(other, 'attestation.pem') },
    })
    const end = await program(['order', 'submit', form, '--yes', '--send-anyway'])
    expect(end.code, end.stderr).toBe(4)
    expect(end.stderr).toMatch(/warning: the key attestation does not pass the checks here/)
    expect(end.stdout).toMatch(/causes +confirmed: the CSR was created with a key other.*Try:/)
  })

  it('leaves the form free where the login cannot be read', async () => {
    const form = await formFile('no-login', sslForm())
    const sent = JSON.stringify(rehearsal.ca.counters)
    const missing = { HSM_ENROLL_SECTIGO_LOGIN_PASSWORD: 'file:/nonexistent' }
    const end = await program(['order', 'submit', form, '--yes'], missing)
    expect(end.code, end.stderr).toBe(2)
    expect(JSON.stringify(rehearsal.ca.counters)).toBe(sent)
    const again = await program(['order', 'submit', form, '--yes'])
    expect(again.code, again.stderr).toBe(0)
  })

  it('says what to do where the CA does not take the login', async () => {
    const form = await formFile('wrong-login', sslForm())
    const end = await program(['order', 'submit', form, '--yes'], {
      HSM_ENROLL_SECTIGO_LOGIN_PASSWORD: 'env:WRONG',
      WRONG: 'planted-wrong-word',
    })
    expect(end.code, end.stderr).toBe(4)
    expect(end.stdout).toMatch(/refusal +-16: .*Try: .*web site/)
    const balance = await program(['balance'], {
      HSM_ENROLL_SECTIGO_LOGIN_PASSWORD: 'env:WRONG',
      WRONG: 'planted-wrong-word',
    })
    expect(balance.code).toBe(4)
    expect(balance.stderr).toMatch(/-16[\s\S]*Try: .*web site/)
  })
})

describe('place-order, authorize, refund, revoke, balance', () => {
  it('prints the ordering URL, without a login and without sending', async () => {
    const sent = JSON.stringify(rehearsal.ca.counters)
    const end = await program(['place-order', await formFile('url', placeOrderForm()), '--url', '--json'])
    expect(end.code, end.stderr).toBe(0)
    const url = new URL((JSON.parse(end.stdout) as { url: string }).url)
    expect(url.pathname).toMatch(/!PlaceOrder$/)
    expect([...url.searchParams.keys()].filter((name) => /login/i.test(name))).toEqual([])
    expect(url.searchParams.get('1_PPP')).toBe('6053')
    expect(JSON.stringify(rehearsal.ca.counters)).toBe(sent)
  })

  it('authorizes an order of place-order, which debits, and never a second time', async () => {
    const credit = Number(rehearsal.ca.credit)
    const before = requests('!AutoAuthorize')
    const placed = await program(['place-order', await formFile('placed', placeOrderForm()), '--yes', '--json'])
    expect(placed.code, placed.stderr).toBe(0)
    const { orderNumber } = shown(placed)
    expect((await program(['order', 'status', orderNumber])).code).toBe(6)
    expect(Number(rehearsal.ca.credit)).toBe(credit)
    expect((await program(['order', 'authorize', orderNumber, '--no-input'])).code).toBe(2)
    // No login: nothing was sent, and nothing speaks against the next try.
    const missing = { HSM_ENROLL_SECTIGO_LOGIN_NAME: 'file:/nonexistent' }
    expect((await program(['order', 'authorize', orderNumber, '--yes'], missing)).code).toBe(2)
    expect(requests('!AutoAuthorize')).toBe(before)
    const done = await program(['order', 'authorize', orderNumber, '--yes'])
    expect(done.code, done.stderr).toBe(0)
    expect(Number(rehearsal.ca.credit)).toBe(credit - 300)
    const again = await program(['order', 'authorize', orderNumber, '--yes'])
    expect(again.code).toBe(5)
    expect(again.stderr).toContain('order.charged')
    expect(requests('!AutoAuthorize')).toBe(before + 1)
  })

  it('says what a refund covers before it asks for one', async () => {
    const ssl = shown(await program(['order', 'submit', await formFile('refund', sslForm()), '--yes', '--json']))
    const credit = Number(rehearsal.ca.credit)
    const before = requests('!AutoRefund')
    const unasked = await program(['order', 'refund', ssl.orderNumber, '--reason-code', '1', '--no-input'])
    expect(unasked.code).toBe(2)
    expect(unasked.stderr).toMatch(/refunds through the API only/)
    expect(requests('!AutoRefund')).toBe(before)
    const end = await program(['order', 'refund', ssl.orderNumber, '--reason-code', '1', '--yes'])
    expect(end.code, end.stdout + end.stderr).toBe(0)
    expect(Number(rehearsal.ca.credit)).toBe(credit + 100)
    const again = await program(['order', 'refund', ssl.orderNumber, '--reason-code', '1', '--yes'])
    expect(again.code).toBe(5)
    expect(again.stderr).toContain('order.charged')
    expect(requests('!AutoRefund')).toBe(before + 1)
    expect((await program(['order', 'refund', ssl.orderNumber, '--reason-code', '99', '--yes'])).code).toBe(2)
  })

  it('cancels an order that is not issued, and revokes one that is', async () => {
    const open = shown(await program(['place-order', await formFile('cancel', placeOrderForm()), '--yes', '--json']))
    const end = await program(['order', 'revoke', '--order-number', open.orderNumber, '--yes'])
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toMatch(/cannot be undone/)
    const status = await program(['order', 'status', open.orderNumber])
    expect(status.code).toBe(4)
    expect(status.stdout).toMatch(/rejected/)
    const issued = shown(await program(['order', 'submit', await formFile('revoke', sslForm()), '--yes', '--json']))
    const revoked = await program([
      'order',
      'revoke',
      '--order-number',
      issued.orderNumber,
      '--reason-code',
      '4',
      '--yes',
    ])
    expect(revoked.code, revoked.stderr).toBe(0)
    expect((await program(['order', 'revoke', '--order-number', issued.orderNumber, '--yes'])).stdout).toMatch(/-21/)
    expect((await program(['order', 'revoke', '--yes'])).code).toBe(2)
  })

  it('tells the balance', async () => {
    const end = await program(['balance'])
    expect(end.code, end.stderr).toBe(0)
    expect(end.stdout).toContain(`${rehearsal.ca.credit} EUR`)
  })
})

describe('no request that can cost money is ever sent twice', () => {
  /** Ends with the outcome known. */
  const KNOWN: Partial<Record<FaultKind, number>> = { slow: 0, 'wrong-content-type': 0, error: 4 }
  /** Unheard, heard, answered: what a second try meets does not depend on how the first was lost. */
  const AGAIN: readonly FaultKind[] = ['drop-before-accept', 'lost-reply', 'slow']
  /** Only what never answers is cut short: a busy machine may take its time for the rest. */
  const patienceFor = (kind: FaultKind): Record<string, string> =>
    kind === 'hang' ? { HSM_ENROLL_SECTIGO_TIMEOUT_SECONDS: '2' } : {}

  async function goWrong(endpoint: string, command: (kind: FaultKind) => Promise<readonly string[]>): Promise<void> {
    for (const kind of FAULT_KINDS) {
      const args = await command(kind)
      rehearsal.ca.fail({ endpoint, kind, delay: 100, code: -999, message: ECHO })
      const before = requests(endpoint)
      const end = await program(args, patienceFor(kind))
      expect(end.code, `${endpoint} ${kind}: ${end.stdout}${end.stderr}`).toBe(KNOWN[kind] ?? 5)
      if (kind === 'error') expect(end.stdout).toContain('[redacted]')
      else if (AGAIN.includes(kind))
        expect((await program(args, patienceFor(kind))).code, `${endpoint} ${kind} again`).not.toBe(0)
      expect(requests(endpoint), `${endpoint} ${kind}`).toBe(before + 1)
    }
  }

  it('whatever becomes of the answer: order submit, place-order, authorize', async () => {
    const before = rehearsal.ca.counters.orderForms
    const client = createClient(clientOptions(rehearsal.ca))
    const toAuthorize = new Map<FaultKind, string>()
    for (const kind of FAULT_KINDS) {
      const outcome = await placeOrder(client, placeOrderForm())
      if (outcome.kind === 'ordered') toAuthorize.set(kind, outcome.orderNumber)
    }
    await Promise.all([
      goWrong('!AutoApplyOrder', async (kind) => ['order', 'submit', await formFile(`a-${kind}`, sslForm()), '--yes']),
      goWrong('!PlaceOrder', async (kind) => ['place-order', await formFile(`p-${kind}`, placeOrderForm()), '--yes']),
      goWrong('!AutoAuthorize', async (kind) => ['order', 'authorize', toAuthorize.get(kind) ?? '', '--yes']),
    ])
    const sent = Object.entries(rehearsal.ca.counters.orderForms)
    const forms = sent.filter(([digest]) => before[digest] === undefined).map(([, count]) => count)
    expect(forms.length).toBe(4 * FAULT_KINDS.length)
    expect(Math.max(...forms), 'times that one form was sent').toBe(1)
  }, 300_000)

  it('an unknown order is resolved by its number, which the CA must know', async () => {
    const file = await formFile('lost', sslForm())
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    const lost = await program(['order', 'submit', file, '--yes', '--json'])
    expect(lost.code, lost.stderr).toBe(5)
    const resolve = (...answer: string[]): Promise<ProgramEnd> =>
      runInside(['runs', 'resolve', shown(lost).id, ...answer, '--json', '--state-directory', rehearsal.stateDirectory])
    const wrong = await resolve('--order-number', '42')
    expect(wrong.code, wrong.stderr).toBe(5)
    expect(wrong.stderr).toContain('run.no-such-order')
    expect((await resolve('--not-placed')).code, 'the balance speaks against it').toBe(5)
    const found = await resolve('--order-number', rehearsal.ca.orders.at(-1)?.orderNumber ?? '')
    expect(found.code, found.stderr).toBe(0)
    expect(shown(found).state).toBe('ordered')
  })

  it('what other runs were charged meanwhile does not speak against "not placed"', async () => {
    const state = ['--state-directory', await mkdtemp(join(folder, 'state-'))]
    const submit = async (name: string) =>
      program(['order', 'submit', await formFile(name, sslForm()), '--yes', '--json', ...state])
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'drop-before-accept' })
    const lost = await submit('dropped')
    expect(lost.code, lost.stderr).toBe(5)
    expect((await submit('another')).code).toBe(0)
    const { id } = shown(lost)
    expect((await runInside(['runs', 'show', id, ...state])).stdout).toContain(
      'probably not placed: nothing was debited',
    )
    const end = await program(['runs', 'resolve', id, '--not-placed', '--json', ...state])
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end)).toMatchObject({ otherOrders: { charged: '100.00', around: [], open: 0, paidBack: 0 } })
  })
})

describe('the login', () => {
  it('stands in nothing that was written: output, trace, journals, any file of the state', async () => {
    // Here and, when all tests have run, over what they all wrote.
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -999, message: ECHO })
    const end = await program(['order', 'submit', await documentSigningForm('echoed'), '--yes', '--json'])
    expect([end.code, end.stdout]).toEqual([4, expect.stringContaining('[redacted]')])
    expect(written).toContain('trace: POST !AutoApplyOrder')
    expect(await expectNoLogin()).toBeGreaterThan(10)
  })
})

describe('order authorize takes the digits of an order number alone', () => {
  it.each(['007', '12a', '1234567repl#1', '+7', '7.0', '１２'])(
    '%s is refused before anything is asked or sent',
    async (number) => {
      const before = requests('!AutoAuthorize')
      const end = await program(['order', 'authorize', number, '--yes'])
      expect(end.code, end.stderr).toBe(2)
      expect(end.stderr).toContain('(sectigo.form, exit 2)')
      expect(requests('!AutoAuthorize')).toBe(before)
    },
  )
})
