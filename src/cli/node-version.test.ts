import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isSupportedNode, NODE_ENGINES } from './node-version.ts'

describe('the Node.js that is needed', () => {
  it('is what package.json says', () => {
    const manifest = readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')
    expect(JSON.parse(manifest)).toMatchObject({ engines: { node: NODE_ENGINES } })
  })

  it.each(['20.19.0', '20.20.2', '22.12.0', '23.0.0', '24.1.0'])('%s is enough', (version) =>
    expect(isSupportedNode(version)).toBe(true),
  )

  it.each(['18.20.8', '20.18.3', '21.7.3', '22.11.0'])('%s is not', (version) =>
    expect(isSupportedNode(version)).toBe(false),
  )
})
