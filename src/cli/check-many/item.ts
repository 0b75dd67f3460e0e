import type { AttestationResult } from '../../attestation/contract/attestation-result.ts'
import type { FilesToCheck } from '../../check/check-files.ts'
import { EXIT } from '../../errors.ts'
import type { Failure } from '../output.ts'

/** One piece of evidence of many. */
export interface Item {
  /** How its row is called: the path, or what the list says. */
  readonly name: string
  /** Files, or a folder, of one attestation. */
  readonly paths: readonly string[]
  /** A request that the attested key must belong to. */
  readonly csr?: string
}

/** What became of it: a verdict, or why there is none. */
export interface Outcome {
  readonly name: string
  readonly result?: AttestationResult
  readonly error?: Failure
}

/** Of a package that ended its worker. */
export const outcomeOfCrash = ({ name }: Item): Outcome => ({
  name,
  error: {
    code: 'defect',
    message: `Internal error: judging ${name} ended its worker.`,
    remedy: 'Report it with the file. The other packages were judged.',
    exitCode: EXIT.defect,
  },
})

/** What every item is judged by. Plain data: it goes to each worker once. */
export type Judging = Omit<FilesToCheck, 'csr' | 'publicKey' | 'passOver'>
