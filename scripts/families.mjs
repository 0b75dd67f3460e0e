// The families, by the folders that they have: what stands in these two rooms and is shared by none is a family of its own.
import { existsSync, readdirSync } from 'node:fs'

const SHARED = {
  devices: ['http', 'lock', 'pkcs11'],
  'src/attestation': ['certificates', 'contract', 'package', 'yubico'],
}

const foldersOf = ([room, shared]) =>
  (existsSync(room) ? readdirSync(room, { withFileTypes: true }) : [])
    .filter((entry) => entry.isDirectory() && !shared.includes(entry.name))
    .map(({ name }) => name)

export const FAMILIES = [...new Set(Object.entries(SHARED).flatMap(foldersOf))]
