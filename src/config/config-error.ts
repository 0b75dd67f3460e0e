import type { ErrorCode } from '../error-codes.ts'
import { EnrollError } from '../errors.ts'

/** The part of a code after `config.`. */
type ConfigErrorCode = ErrorCode extends infer Code ? (Code extends `config.${infer Rest}` ? Rest : never) : never

/** A profile or configuration file that says something we cannot follow (exit 2). */
export class ConfigError extends EnrollError {
  override readonly name = 'ConfigError'
  constructor(code: ConfigErrorCode, message: string, remedy: string, cause?: unknown) {
    super(`config.${code}`, message, { remedy, cause })
  }
}
