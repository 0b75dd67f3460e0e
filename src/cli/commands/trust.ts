import { EXIT } from '../../errors.ts'
import type { Command, CommandGroup } from '../command.ts'
import { configure, TRUST_OPTIONS } from '../configure.ts'
import { ageInDays, knowledgeFact } from '../knowledge-view.ts'

const list: Command = {
  command: 'list',
  summary: 'list the vendor root keys that attestations are verified against',
  options: TRUST_OPTIONS,
  run: async (args, { output, ...context }) => {
    const { knowledgeInForce } = await import('../../config/knowledge-in-force.ts')
    const { readInput } = await import('../../config/read-input.ts')
    const { configuredTrustAnchors } = await import('../../check/configured.ts')
    const { trustAnchorExpiry } = await import('../../trust-anchors/trust-anchors.ts')
    const { formatFacts } = await import('../facts.ts')
    const now = Date.now()
    const configuration = await configure(args, { output, ...context })
    const anchors = (await configuredTrustAnchors(configuration, readInput)).map((anchor) => ({
      ...anchor,
      expiry: trustAnchorExpiry(anchor, now),
    }))
    for (const { name, expiry, notAfter } of anchors) {
      if (expiry.status === 'ends-soon')
        output.warn(`${name} expires on ${notAfter}, in ${expiry.daysLeft} days; look for a newer hsm-enroll.`)
      if (expiry.status === 'ended') output.warn(`${name} expired on ${notAfter}.`)
    }
    // One block each, with the whole fingerprint: a person has to compare it with the vendor's page.
    const knowledge = await knowledgeInForce(configuration)
    const { serial, issued, origin } = knowledge
    const used = { serial, issued, origin, ageDays: ageInDays(knowledge, now) }
    output.result({ trustAnchors: anchors, knowledge: used }, () =>
      [
        ...anchors.map((anchor) =>
          formatFacts(`${anchor.hsmTypes.join(', ')} ${anchor.role}: ${anchor.name}`, [
            ['SPKI SHA-256', anchor.spkiSha256],
            ['until', anchor.notAfter ?? 'no end'],
            ['origin', anchor.origin],
            ['checked', anchor.checked],
            ['source', anchor.source],
          ]),
        ),
        knowledgeFact(knowledge, now),
      ].join('\n\n'),
    )
    return EXIT.done
  },
}

export const trust: CommandGroup = { name: 'trust', summary: 'trust anchors', commands: [list] }
