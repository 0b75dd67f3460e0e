import type { BundleCheck, BundleVerdict } from '../bundle/bundle-verdict.ts'
import { printable } from '../printable.ts'
import type { Output } from './output.ts'

const FAULTY = 'Not everything in it holds: see the lines with ✗.'
/** Under the built-in anchors alone, the evidence of a sandbox is what a forgery would be. */
const OWN_ANCHORS = 'Try: If the run was judged under your own trust anchors, pass them with --trust-anchors FILE.'

/** The verdict as the command prints it: JSON as it is, or lines for people. `file`: the bundle. */
export function showBundle(verdict: BundleVerdict, file: string, output: Output): void {
  output.result({ ...verdict, signatures: verdict.signatures.map(signatureToJson), file }, () =>
    textOf(verdict, file, output),
  )
}

const signatureToJson = ({ file, kind, key, claims, witness }: BundleVerdict['signatures'][number]): object => ({
  file,
  kind,
  key,
  claims,
  witness: witness?.name,
})

function textOf(verdict: BundleVerdict, file: string, output: Output): string {
  const { digest, words, run, created, program, checks, proves, doesNotProve } = verdict
  const facts = [
    ['bundle', file],
    ['run', run],
    ['created', created === undefined ? undefined : `${created} by ${program}`],
    ['digest', digest],
    ['words', words],
  ] as const
  return [
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(9)}${printable(value)}`])),
    '',
    ...checks.map((check) => `${markOf(check, output)} ${check.part}: ${printable(check.detail)}`),
    '',
    ...(proves.length === 0 ? ['It proves nothing.'] : ['It proves:', ...proves.map((each) => `  ${printable(each)}`)]),
    'It does not prove:',
    ...doesNotProve.map((each) => `  ${printable(each)}`),
    '',
    verdict.sound ? output.style('green', 'Nothing is wrong with it.') : output.style('red', FAULTY),
    ...(checks.some(
      ({ id, status, detail }) => id === 'evidence' && status === 'fail' && detail.includes('attestation.chain'),
    )
      ? [OWN_ANCHORS]
      : []),
  ].join('\n')
}

function markOf({ status }: BundleCheck, output: Output): string {
  switch (status) {
    case 'pass':
      return output.style('green', '✓')
    case 'warn':
      return output.style('yellow', '!')
    case 'fail':
      return output.style('red', '✗')
  }
}
