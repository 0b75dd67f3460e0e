import { readPem, writePem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'

const BARE = /^-----BEGIN [A-Z ]+-----[A-Za-z0-9+/=\s]+-----END [A-Z ]+-----$/

/**
 * The request alone: a file may begin with its subject in words, with the lines of a mail or with a byte order mark, and none of that
 * is the CA's. What is no PEM with one block is left as it is, for the rules to judge.
 */
export function requestText(value: string): string {
  if (!value.includes('-----BEGIN ')) return value
  // A byte order mark is a blank here.
  if (BARE.test(value.trim())) return value.trim()
  try {
    const [block, ...others] = readPem(value)
    return block === undefined || others.length > 0 ? value : writePem(block.label, block.der).trimEnd()
  } catch (error) {
    if (error instanceof EnrollError) return value
    throw error
  }
}
