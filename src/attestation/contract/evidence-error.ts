import { EnrollError } from '../../errors.ts'

/** Input that is no attestation of the named kind at all (exit 2). What can be read gets a verdict instead. */
export class EvidenceError extends EnrollError {
  override readonly name = 'EvidenceError'
  constructor(what: string, remedy: string, cause?: unknown) {
    super('evidence.unreadable', what, { remedy, cause })
  }
}
