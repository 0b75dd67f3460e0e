import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type HsmType, isHsmType } from '../../src/hsm-type.ts'

export const EXPECTATIONS = ['genuine', 'refuse', 'genuine-but-other-key', 'genuine-but-exportable'] as const
export type Expectation = (typeof EXPECTATIONS)[number]

/** One row of a folder's `manifest.json`; files are relative to the folder. */
export interface Vector {
  readonly id: string
  readonly hsmType: HsmType
  readonly attestation: string
  readonly csr?: string
  readonly certChains?: string
  readonly publicKey?: string
  /** The row whose package holds the issuer's certificate, where this one is a leaf alone. */
  readonly issuerFrom?: string
  readonly expect: Expectation
  readonly why?: string
  readonly claims: Readonly<Record<string, unknown>>
}

/** Reads a folder's manifest. Throws Error with the row and member at fault. */
export function readVectorManifest(folder: string): readonly Vector[] {
  const file = join(folder, 'manifest.json')
  if (!existsSync(file)) throw new Error(`${folder} has no manifest.json`)
  const rows: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(rows)) throw new Error(`${file} is not a list`)
  return rows.map((row: unknown, index) => readVector(row, `${file}, row ${index + 1}`))
}

function readVector(row: unknown, where: string): Vector {
  if (typeof row !== 'object' || row === null) throw new Error(`${where} is not an object`)
  const members: ReadonlyMap<string, unknown> = new Map(Object.entries(row))
  const text = (name: string): string => {
    const value = members.get(name)
    if (typeof value !== 'string') throw new Error(`${where}: ${name} is missing`)
    return value
  }
  const optional = (name: string): Record<string, string> => (members.has(name) ? { [name]: text(name) } : {})
  const hsmType = text('hsmType')
  const expect = EXPECTATIONS.find((known) => known === members.get('expect'))
  if (!isHsmType(hsmType)) throw new Error(`${where}: unknown hsmType ${hsmType}`)
  if (expect === undefined) throw new Error(`${where}: unknown expectation ${String(members.get('expect'))}`)
  const claims = members.get('claims') ?? {}
  return {
    id: text('id'),
    hsmType,
    attestation: text('attestation'),
    expect,
    ...optional('csr'),
    ...optional('certChains'),
    ...optional('publicKey'),
    ...optional('issuerFrom'),
    ...optional('why'),
    claims: typeof claims === 'object' && claims !== null ? Object.fromEntries(Object.entries(claims)) : {},
  }
}
