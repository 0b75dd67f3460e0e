import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningCertificateAuthority } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import { orderTable } from '../../src/sectigo/parameters/order-table.ts'
import { sendableForm, validateForm } from '../../src/sectigo/parameters/validate-form.ts'
import { readOrderReply } from '../../src/sectigo/replies/order-reply.ts'
import { curlParameters, type ManualExample, manualExamples, readDocuments } from './documents.ts'
import { documentSigningForm, makeCsr, sharedKey, start } from './rehearsal-kit.ts'

const documents = readDocuments()
const run = promisify(execFile)

let ca: RunningCertificateAuthority
let caFile = ''
const folder = mkdtempSync(join(tmpdir(), 'curl-samples-'))
beforeAll(async () => {
  ca = await start({
    account: { loginName: 'mypartnerusername', loginPassword: 'th15ISNOTas3ns!blePassW0rd!', credit: '99999.00' },
    flow: [],
    plainDoor: true,
  })
  caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.caCertificatePem)
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await ca.close()
})

/** What curl prints for `--data-urlencode` pairs, exactly as the documents show the call. */
async function curl(endpoint: string, pairs: readonly string[], base = ca.url): Promise<string> {
  const data = pairs.flatMap((pair) => ['--data-urlencode', pair])
  const { stdout } = await run('curl', ['-sS', '--cacert', caFile, '--location', base + endpoint, ...data])
  return stdout
}

const login = ['loginName=mypartnerusername', 'loginPassword=th15ISNOTas3ns!blePassW0rd!']
/** The addresses were taken out of the pages: the call has a text without `=` in their place. */
const restored = (pairs: readonly string[], name: string): readonly string[] =>
  pairs.map((pair) => (pair.includes('=') ? pair : `${name}=someone@example.org`))
const without = (pairs: readonly string[], ...names: readonly string[]): readonly string[] =>
  pairs.filter((pair) => !names.includes(pair.split('=')[0] ?? ''))

describe.skipIf(documents === undefined)('Document Signing, !AutoApplyOrder', () => {
  const sample = curlParameters(documents?.documentSigning ?? '')

  test('the sample has the parameters of the page', () => {
    expect(sample).toHaveLength(18)
  })

  test('as it stands: the lost address is an unrecognised argument', async () => {
    expect(await curl('!AutoApplyOrder', sample)).toContain('errorCode=-2')
  })

  test('with the address restored: refused, for it is remote and holds no hsmType, keyAttestation or csr', async () => {
    const pairs = [...login, ...without(restored(sample, 'appRepEmailAddress'), 'loginName', 'loginPassword')]
    expect(await curl('!AutoApplyOrder', pairs)).toBe(
      'errorCode=-3&errorMessage=The+%27hsmType%27+argument+is+missing%21',
    )
  })

  test('with the three of remote provisioning added: accepted, in both formats', async () => {
    const { hsmType = '', keyAttestation = '', csr = '' } = documentSigningForm()
    const pairs = [
      ...login,
      ...without(restored(sample, 'appRepEmailAddress'), 'loginName', 'loginPassword', 'responseFormat'),
      `hsmType=${hsmType}`,
      `keyAttestation=${keyAttestation}`,
      `csr=${csr}`,
    ]
    const urlEncoded = await curl('!AutoApplyOrder', [...pairs, 'responseFormat=1'])
    expect(urlEncoded).toMatch(/^errorCode=0&orderNumber=\d+&totalCost=345\.00&expectedDeliveryTime=0$/)
    const lines = await curl('!AutoApplyOrder', [...pairs, 'responseFormat=0'])
    expect(lines).toMatch(/^0\n\d+\n345\.00\n0$/)
    for (const text of [urlEncoded, lines])
      expect(readOrderReply(text)).toMatchObject({ kind: 'accepted', amount: '345.00' })
  })

  test('as a token order of the page: accepted without csr', async () => {
    const pairs = [
      ...login,
      ...without(restored(sample, 'appRepEmailAddress'), 'loginName', 'loginPassword', 'product'),
      'product=706,577,163',
      'SmartCardBased=Y',
      'offerType=22',
    ]
    expect(await curl('!AutoApplyOrder', pairs)).toContain('errorCode=0&orderNumber=')
  })

  test('over plain HTTP -1, with GET -17', async () => {
    expect(await curl('!AutoApplyOrder', login, ca.plainUrl)).toBe('-1\nRequest was not made over https!')
    const { stdout } = await run('curl', ['-sS', '--cacert', caFile, `${ca.url}!AutoApplyOrder?loginName=x`])
    expect(stdout).toBe('-17\nRequest used GET rather than POST!')
  })
})

describe.skipIf(documents === undefined)('Document Signing, !PlaceOrder', () => {
  const page = documents?.placeOrder ?? ''
  const sample = curlParameters(page)
  const csr = () => `_1_csr=${makeCsr('CN=ABC 12345,O=ABC 12345,C=US', sharedKey('P-256'))}`

  test('as it stands: the lost address is an unrecognised argument', async () => {
    expect(await curl('!PlaceOrder', sample)).toContain('errorCode=-2')
  })

  test('with the address restored: the login is missing, as in the sample error response', async () => {
    const reply = new URLSearchParams(await curl('!PlaceOrder', restored(sample, 'emailAddress')))
    expect(reply.get('errorCode')).toBe('-3')
    expect(reply.get('errorItem')).toBe('loginName')
    const pairs = [...restored(sample, 'emailAddress'), login[0] ?? '']
    const sampleError = /^errorCode=-3&errorItem=loginPassword$/m.exec(page)?.[0]
    const second = new URLSearchParams(await curl('!PlaceOrder', pairs))
    for (const [name, value] of new URLSearchParams(sampleError)) expect(second.get(name)).toBe(value)
  })

  test('with a login, and a CSR that is not cut short: accepted like the sample success response', async () => {
    const whole = [...without(restored(sample, 'emailAddress'), '_1_csr'), ...login]
    expect(await curl('!PlaceOrder', [...restored(sample, 'emailAddress'), ...login])).toContain('errorCode=-4')
    const reply = await curl('!PlaceOrder', [...whole, csr()])
    const sampleReply = /^orderNumber=\d+$/m.exec(page)?.[0] ?? ''
    expect(reply.replace(/\d+/, 'N')).toBe(sampleReply.replace(/\d+/, 'N'))
    expect(readOrderReply(sampleReply)).toEqual({ kind: 'accepted', orderNumber: '9551164', paymentRequired: false })
  })

  test('the ordering URL with GET: accepted, name in both forms and reseller=y', async () => {
    const url = /https:\/\/secure\S+!PlaceOrder\?(\S.*)$/m.exec(page)?.[1] ?? ''
    const query = url
      .replace(/\[[^\]]*\]/, 'emailAddress=fred@example.org')
      .replace('login_name', encodeURIComponent('mypartnerusername'))
      .replace('login_password', encodeURIComponent('th15ISNOTas3ns!blePassW0rd!'))
    const { stdout } = await run('curl', ['-sS', '--globoff', '--cacert', caFile, `${ca.url}!PlaceOrder?${query}`])
    expect(stdout).toMatch(/^orderNumber=\d+$/)
  })

  test('the HTML form: redirected to the error page, for it has no login', async () => {
    const html = page.slice(page.indexOf('<form'), page.indexOf('</form>'))
    const hidden = [...html.matchAll(/name=”([^”]+)” value=”([^”]+)”/g)].map(([, name, value]) => `${name}=${value}`)
    const typed = ['emailAddress=a@example.org', 'name=Ann Example', 'organizationName=Example', '1_MACAddress=00:11']
    const data = [...hidden, ...typed].flatMap((pair) => ['--data-urlencode', pair])
    const { stdout } = await run('curl', [
      '-sS',
      '--cacert',
      caFile,
      '-o',
      '-',
      '-w',
      '%{redirect_url}',
      `${ca.url}!PlaceOrder`,
      ...data,
    ])
    expect(stdout).toContain('http://www.mydomain.com/error_page.html?errorCode=-3')
    const good = await run('curl', [
      '-sS',
      '--cacert',
      caFile,
      '-w',
      '%{redirect_url}',
      `${ca.url}!PlaceOrder`,
      ...data,
      ...login.flatMap((pair) => ['--data-urlencode', pair]),
    ])
    expect(good.stdout).toMatch(/^http:\/\/www\.mydomain\.com\/success_page\.html\?orderNumber=\d+$/)
  })
})

/** Every way of writing an example out: `a/b` names are alternatives. */
function variants({ parameters }: ManualExample, csr: string): readonly (readonly (readonly [string, string])[])[] {
  const most = Math.max(...parameters.map(([name]) => name.split('/').length))
  return Array.from({ length: most }, (_, choice) =>
    parameters.flatMap(([names, value]) => {
      const alternatives = names.split('/')
      const name = alternatives[Math.min(choice, alternatives.length - 1)] ?? names
      // A SignedPublicKeyAndChallenge is bare base64; the rehearsal does not look into it.
      const request = name === 'spkac' ? csr.replace(/-----[^-]+-----|\s/g, '') : csr
      const real = /base64 encoded CSR/.test(value) ? request : value
      return real === '' ? [] : [[name, real] as const]
    }),
  )
}

describe.skipIf(documents === undefined)('the examples of the manual, chapter 5', () => {
  const examples = documents === undefined ? [] : manualExamples(documents)
  const NUMBERS = ['5.1', '5.2', '5.3', '5.4', '5.5', '5.6', '5.7', '5.8', '5.9']
  const exampleOf = (number: string): ManualExample => {
    const found = examples.find((example) => example.number === number)
    if (found === undefined) throw new Error(`no example ${number}`)
    return found
  }

  test('are nine', () => expect(examples.map(({ number }) => number)).toEqual(NUMBERS))

  describe.each(NUMBERS)('%s', (number) => {
    const csr = makeCsr('CN=sectigo.com,C=US', number === '5.7' ? sharedKey('RSA-3072') : sharedKey('P-256'))

    test('passes validation as it stands, and the CA accepts what is sent', async () => {
      for (const pairs of variants(exampleOf(number), csr)) {
        const form = Object.fromEntries(pairs.filter(([name]) => !name.startsWith('login')))
        const { table } = orderTable(form)
        expect(validateForm(table, form).filter(({ severity }) => severity === 'fail')).toEqual([])
        const sent = Object.entries(sendableForm(table, form)).map(([name, value]) => `${name}=${value}`)
        const reply = readOrderReply(await curl('!AutoApplyOrder', [...login, ...sent]))
        expect(reply.kind).toBe('accepted')
      }
    })

    test('its response reads as the manual explains it', () => {
      const example = exampleOf(number)
      expect(example.response[0]).toBe('0')
      for (const text of [example.response.join('\n'), example.response.join('\r\n')]) {
        expect(readOrderReply(text)).toMatchObject({
          kind: 'accepted',
          orderNumber: example.response[1],
          amount: example.response[2],
          paymentRequired: false,
          ...(number === '5.1' ? { uniqueValue: example.response[4] } : {}),
        })
      }
    })
  })

  test('5.1 sent twice: the second reply carries a uniqueValue, for the CSR was used before', async () => {
    const example = exampleOf('5.1')
    const csr = makeCsr('CN=twice.example.org', sharedKey('P-256'))
    const [pairs = []] = variants(example, csr)
    const data = [
      ...login,
      ...pairs.filter(([name]) => !name.startsWith('login')).map(([name, value]) => `${name}=${value}`),
    ]
    expect(readOrderReply(await curl('!AutoApplyOrder', data))).not.toHaveProperty('uniqueValue')
    expect(readOrderReply(await curl('!AutoApplyOrder', data))).toHaveProperty('uniqueValue')
    const token = `uniqueValue=abc`
    expect(await curl('!AutoApplyOrder', [...data, token])).toMatch(/^0\n/)
    expect(await curl('!AutoApplyOrder', [...data, token])).toBe('-55\nThis Request Token is not unique!')
  })

  test('5.2 sent with its slip: the CA does not know potsalCode', async () => {
    const example = exampleOf('5.2')
    const pairs = example.parameters.map(([name, value]) => `${name}=${value}`)
    expect(await curl('!AutoApplyOrder', pairs)).toBe("-2\n'potsalCode' is an unrecognised argument!")
  })
})
