import { EnrollError } from '../errors.ts'

/** A profile or configuration file that says something we cannot follow (exit 2). */
export class ConfigError extends EnrollError {
  override readonly name = 'ConfigError'
  constructor(code: string, message: string, remedy: string, cause?: unknown) {
    super(`config.${code}`, message, { remedy, cause })
  }
}
