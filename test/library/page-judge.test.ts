/** The page's function and the program, asked the same: `npm run interop browsers` asks browsers. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { judge, type NamedBytes, type Question } from '../../src/page/judge.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { makeCsr } from '../sectigo/rehearsal-kit.ts'
import { SYNTHETIC_EVIDENCE } from '../tools/corpus.ts'

const folder = mkdtempSync(join(tmpdir(), 'judge-'))
afterAll(() => rmSync(folder, { recursive: true }))

const [good] = SYNTHETIC_EVIDENCE.YUBIHSM2()
if (good === undefined) throw new Error('there is no evidence')
const key = testKeyPair('P-256')
const file = (name: string, content: string | Uint8Array): NamedBytes => {
  const bytes = new Uint8Array(Buffer.from(content))
  writeFileSync(join(folder, name), bytes)
  return { name, bytes }
}
const ATTESTATION = file('attestation.pem', good.package)
const ANCHORS = file('anchors.json', JSON.stringify({ trustAnchors: good.trustAnchors }))
const REQUEST = file('request.csr', makeCsr('CN=Ada Example', key))
const PRIVATE = file('key.pem', key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
const NOISE = file('noise.txt', 'nothing of the kind')

const OPTIONS: Readonly<Record<string, string>> = {
  request: '--csr',
  chains: '--cert-chains',
  keyName: '--key-name',
  policy: '--policy',
  fips: '--fips',
  on: '--on',
}
function program(question: Omit<Question, 'now'>): string {
  const args = question.attestation.map(({ name }) => name)
  const anchors = (question.anchors ?? []).flatMap(({ name }) => ['--trust-anchors', name])
  const rest = Object.entries(OPTIONS).flatMap(([member, option]) => {
    const value = Object.entries(question).find(([name]) => name === member)?.[1]
    if (value === undefined) return []
    return [option, typeof value === 'string' ? value : (value as NamedBytes).name]
  })
  const main = resolve('dist/cli/main.js')
  const { stdout } = spawnSync(
    process.execPath,
    [main, 'check', '--json', '--attestation', ...args, ...anchors, ...rest],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    },
  )
  // A setting that is a file is told with its folder; a browser knows no folders.
  return stdout.replaceAll(join(folder, '/'), '')
}

// biome-ignore format: a table
const QUESTIONS: Readonly<Record<string, Omit<Question, 'now'>>> = {
  'evidence alone': { attestation: [ATTESTATION] },
  'under an anchor of the user': { attestation: [ATTESTATION], anchors: [ANCHORS] },
  'with a request, of another key': { attestation: [ATTESTATION], anchors: [ANCHORS], request: REQUEST },
  'with the request among the files': { attestation: [REQUEST, ATTESTATION], anchors: [ANCHORS] },
  'for another day and policy': { attestation: [ATTESTATION], anchors: [ANCHORS], on: '2026-03-01', policy: 'code-signing', fips: 'off' },
  'with a name that this family has no use for': { attestation: [ATTESTATION], keyName: 'projects/x' },
  'with chains that this family has no use for': { attestation: [ATTESTATION], chains: ATTESTATION },
  'what is not evidence': { attestation: [NOISE] },
  'a request alone': { attestation: [REQUEST] },
  'a private key': { attestation: [PRIVATE] },
  'a private key as request': { attestation: [ATTESTATION], request: PRIVATE },
  'a private key as anchor': { attestation: [ATTESTATION], anchors: [PRIVATE] },
  'noise as request': { attestation: [ATTESTATION], request: NOISE },
  'noise as chains': { attestation: [ATTESTATION], chains: NOISE },
  'noise as anchors': { attestation: [ATTESTATION], anchors: [NOISE] },
}

describe('the page and check --json give the same, to the last octet, of', () => {
  it.each(Object.entries(QUESTIONS))('%s', (_name, question) => {
    const json = program(question)
    expect(json).toContain('{')
    expect(judge({ ...question, now: Date.now() }).json).toBe(json)
  })
})

it('a file that is no attestation is explained all the same', () => {
  const { error, explanation } = judge({ attestation: [REQUEST], now: Date.now() })
  expect([error?.code, explanation?.kind]).toEqual(['evidence.unreadable', 'certificate-request'])
})

it('what cannot be read is not explained, and a private key is never shown', () => {
  for (const each of [NOISE, PRIVATE]) {
    const answer = judge({ attestation: [each], now: Date.now() })
    expect(answer.explanation).toBeUndefined()
    expect(JSON.stringify(answer)).not.toContain('PRIVATE KEY-----')
  }
})
