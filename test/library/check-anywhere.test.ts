import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { checkAttestation } from '../../src/check/check-attestation.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import { SYNTHETIC_EVIDENCE } from '../tools/corpus.ts'

const folder = mkdtempSync(join(tmpdir(), 'anywhere-'))
afterAll(() => rmSync(folder, { recursive: true }))
const NOW = Date.parse('2026-11-29T00:00:00Z')

/** Runs where there is neither Buffer nor process nor a built-in of Node.js, as in a browser. */
const PROGRAM = `
const { readFileSync, writeFileSync } = process.getBuiltinModule('node:fs')
const [, , cases, answers, library] = process.argv
const bytes = (base64) => base64 && Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
const asked = JSON.parse(readFileSync(cases, 'utf8'))
delete globalThis.Buffer
delete globalThis.process
const { checkAttestation } = await import(library)
const answer = ({ package: package_, certChains, ...rest }) => {
  try {
    return checkAttestation({ package: bytes(package_), ...(certChains ? { certChains: bytes(certChains) } : {}), ...rest })
  } catch (error) {
    return String(error)
  }
}
writeFileSync(answers, JSON.stringify(asked.map(answer)))
`

describe('hsm-enroll/check where there is no Node.js', () => {
  it.each(HSM_TYPES)('gives the same verdicts on all synthetic evidence of %s, word for word', async (name) => {
    const evidence = SYNTHETIC_EVIDENCE[name]()
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
    const asked = evidence.map(({ hsmType, package: package_, certChains, trustAnchors }) => ({
      hsmType,
      package: base64(package_),
      ...(certChains === undefined ? {} : { certChains: base64(certChains) }),
      trustAnchors,
      now: NOW,
    }))
    writeFileSync(join(folder, 'cases.json'), JSON.stringify(asked))
    writeFileSync(join(folder, 'program.mjs'), PROGRAM)
    const files = ['cases.json', 'answers.json'].map((name) => join(folder, name))
    await promisify(execFile)(process.execPath, [
      join(folder, 'program.mjs'),
      ...files,
      resolve('dist/check-anywhere.js'),
    ])
    const answers: readonly unknown[] = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'))
    const expected = evidence.map(({ hsmType, package: package_, certChains, trustAnchors }) => {
      try {
        return checkAttestation({ hsmType, package: package_, certChains, trustAnchors, now: NOW })
      } catch (error) {
        return String(error)
      }
    })
    expect(answers.length).toBeGreaterThan(10)
    expect(answers).toEqual(JSON.parse(JSON.stringify(expected)))
  })

  it('imports nothing', () => {
    const text = readFileSync('dist/check-anywhere.js', 'utf8')
    expect(text.match(/^import\b.*|\bimport\((?!\.)|\bnode:\w+/gm)).toEqual(null)
  })
})

describe('the page', () => {
  const page = readFileSync('dist/check.html', 'utf8')

  it('is one file of at most 600 KB that names no address', () => {
    expect(Buffer.byteLength(page)).toBeLessThan(600 * 1024)
    const markup = page.replace(/<script>[\s\S]*<\/script>|<template>[\s\S]*<\/template>/g, '')
    expect(markup).not.toMatch(/https?:|src=|href=/)
  })

  it('forbids itself every connection, and every script but its own', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? ''
    for (const rule of ["default-src 'none'", "connect-src 'none'", "form-action 'none'", "trusted-types 'none'"])
      expect(policy).toContain(rule)
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(policy.match(/'sha256-[A-Za-z0-9+/]{43}='/g)).toHaveLength(2)
  })
})
