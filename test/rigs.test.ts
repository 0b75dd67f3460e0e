import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** They boot a system of their own: for a person who looks on. */
const BY_HAND = ['systemd']

it('.ci/run runs every rig but those that are run by hand', () => {
  const rigs =
    readFileSync('.ci/run', 'utf8')
      .match(/^rigs=\((.*)\)$/m)?.[1]
      ?.split(' ') ?? []
  const all = readdirSync('test/interop', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect([...rigs, ...BY_HAND].sort()).toEqual(all.map(({ name }) => name).sort())
})
