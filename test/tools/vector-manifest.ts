import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type HsmType, isHsmType } from '../../src/hsm-type.ts'

const EXPECTATIONS = ['genuine', 'refuse', 'genuine-but-other-key', 'genuine-but-exportable'] as const
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

/** A row that is no vector: it counts as wrong, and the rows around it are judged all the same. */
export interface BrokenRow {
  readonly id: string
  readonly hsmType: string
  readonly expect: string
  /** The member at fault. */
  readonly problem: string
}

/** The readable rows of a folder's manifest. Throws Error where there is no such list. */
export const readVectorManifest = (folder: string): readonly Vector[] =>
  readManifestRows(folder).flatMap((row) => ('problem' in row ? [] : [row]))

/** Every row of a folder's manifest. Throws Error where there is no such list. */
export function readManifestRows(folder: string): readonly (Vector | BrokenRow)[] {
  const file = join(folder, 'manifest.json')
  if (!existsSync(file)) throw new Error(`${folder} has no manifest.json`)
  const rows: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(rows)) throw new Error(`${file} is not a list`)
  return rows.map((row: unknown, index) => {
    const members: ReadonlyMap<string, unknown> = new Map(Object.entries(row ?? {}))
    const shown = (name: string, otherwise: string): string => String(members.get(name) ?? otherwise)
    try {
      return readVector(members)
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      return {
        id: shown('id', `row ${index + 1}`),
        hsmType: shown('hsmType', '?'),
        expect: shown('expect', '?'),
        problem,
      }
    }
  })
}

function readVector(members: ReadonlyMap<string, unknown>): Vector {
  const text = (name: string): string => {
    const value = members.get(name)
    if (typeof value !== 'string') throw new Error(`${name} is missing, or no text`)
    return value
  }
  const optional = (name: string): Record<string, string> =>
    (members.get(name) ?? undefined) === undefined ? {} : { [name]: text(name) }
  const hsmType = text('hsmType')
  const expect = EXPECTATIONS.find((known) => known === members.get('expect'))
  if (!isHsmType(hsmType)) throw new Error(`the hsmType ${hsmType} is unknown`)
  if (expect === undefined) throw new Error(`the expectation ${String(members.get('expect'))} is unknown`)
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
