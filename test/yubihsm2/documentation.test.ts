import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { NEEDED } from '../../devices/yubihsm2/obstacles.ts'
import { SETTINGS } from '../../devices/yubihsm2/settings.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../docs/devices/yubihsm2.md'), 'utf8')

it.each([...SETTINGS.map(({ name }) => name), ...NEEDED.map(({ capability }) => capability)])(
  'the page on the YubiHSM 2 explains %s',
  (name) => {
    expect(page).toContain(`\`${name}\``)
  },
)
