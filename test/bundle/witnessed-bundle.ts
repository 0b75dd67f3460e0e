import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readWitnessList } from '../../src/bundle/signatures/witness-list.ts'
import { certificatesIn } from '../../src/ceremony/bundle-file.ts'
import { readUserTrustAnchors } from '../../src/check/read/trust-anchors-input.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import { startTimeStampAuthority } from '../../src/sandbox/time-stamp-authority/time-stamp-authority.ts'
import { runInside } from '../enrollment/run-inside.ts'
import type { ByteTrial } from '../tools/changed-bytes.ts'
import type { RehearsedRun } from './rehearsed-run.ts'

/** A bundle that two witnesses signed (SSH, minisign) and an authority stamped, with what both verifiers need. */
export async function witnessedBundle({ folder, id, flags, rehearsal }: RehearsedRun): Promise<ByteTrial> {
  const at = (name: string): string => join(folder, name)
  const bundle = at('witnessed.zip')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', at('witness')])
  execFileSync('minisign', ['-G', '-W', '-p', at('witness.minisign'), '-s', at('witness.secret')], { stdio: 'ignore' })
  const authority = await startTimeStampAuthority()
  try {
    const steps = [
      ['create', id, ...flags.slice(0, 2), '-o', bundle],
      ['sign', bundle, '--ssh-key', at('witness')],
      ['sign', bundle, '--minisign-key', at('witness.secret'), '--minisign-public', at('witness.minisign')],
      ['timestamp', bundle, '--tsa', authority.url],
    ]
    for (const step of steps) {
      const end = await runInside(['bundle', ...step, ...flags.slice(2)], { env: rehearsal.environment })
      if (end.code !== 0) throw new Error(end.stderr + end.stdout)
    }
  } finally {
    await authority.close()
  }
  const witnesses = [
    { name: 'Anna', ssh: readFileSync(at('witness.pub'), 'utf8') },
    { name: 'Bert', minisign: readFileSync(at('witness.minisign'), 'utf8') },
  ]
  const [witnessFile, anchorFile] = [at('witnesses.json'), at('tsa.pem')]
  writeFileSync(witnessFile, JSON.stringify({ threshold: 2, witnesses }))
  writeFileSync(anchorFile, authority.rootPem)
  return {
    bundle: readFileSync(bundle),
    witnessFile,
    anchorFile,
    context: {
      witnesses: readWitnessList(readFileSync(witnessFile)),
      timestampAnchors: certificatesIn(readFileSync(anchorFile), anchorFile),
      trustAnchors: readUserTrustAnchors(readFileSync(at('r/trust-anchors.json')), HSM_TYPES),
    },
  }
}
