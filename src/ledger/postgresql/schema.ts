import { EnrollError } from '../../errors.ts'
import { refusalState } from './database-error.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import type { Transactions } from './transactions.ts'

/** What the database has of the schema: its last step, and the least that a program must know. Version 0: it has none. */
export interface SchemaState {
  readonly version: number
  readonly least: number
}

const STATE = 'SELECT version, least FROM hsm_enroll.schema_version ORDER BY version DESC LIMIT 1'

/** Throws EnrollError `ledger.…` where the database cannot be asked. */
export async function schemaState(transactions: Transactions): Promise<SchemaState> {
  const [state] = await transactions.read<SchemaState>(STATE).catch((error: unknown) => {
    // undefined_table, invalid_schema_name
    if (error instanceof EnrollError && ['42P01', '3F000'].includes(refusalState(error.cause) ?? '')) return []
    throw error
  })
  return state ?? { version: 0, least: 0 }
}

/** Throws EnrollError `ledger.schema` where the schema is too old for this program, or too new. */
export async function requireSchema(transactions: Transactions): Promise<void> {
  const { version, least } = await schemaState(transactions)
  if (least > SCHEMA_VERSION) {
    throw new EnrollError(
      'ledger.schema',
      `The ledger at ${transactions.address} has schema version ${version}, which this version of hsm-enroll does not know.`,
      { remedy: 'Update hsm-enroll on this host.' },
    )
  }
  if (version < SCHEMA_VERSION) {
    throw new EnrollError(
      'ledger.schema',
      `The ledger at ${transactions.address} has ${version === 0 ? 'no schema yet' : `schema version ${version}, and version ${SCHEMA_VERSION} is needed`}.`,
      { remedy: 'Run `hsm-enroll ledger migrate` as the owner of the schema, then repeat the command.' },
    )
  }
}
