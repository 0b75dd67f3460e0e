import { describe, expect, it } from 'vitest'
import { sharedFolder } from './shared-folder.ts'
import { runVectors } from './tools/run-vectors.ts'

const folder = sharedFolder('vectors')

describe.runIf(folder !== undefined)('attestations of real devices', () => {
  for (const outcome of folder === undefined ? [] : runVectors(folder)) {
    it(`${outcome.hsmType} ${outcome.id} is ${outcome.expected}, with the claims of the manifest`, () => {
      expect({ got: outcome.got, differences: outcome.differences }, outcome.detail).toEqual({
        got: outcome.expected,
        differences: [],
      })
    })
  }
})
