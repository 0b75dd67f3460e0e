import { EXIT } from '../../errors.ts'
import type { Knowledge } from '../../knowledge/knowledge.ts'
import type { Command, CommandContext, CommandGroup } from '../command.ts'
import { configure, STATE_OPTIONS } from '../configure.ts'
import { ageInDays, knowledgeFact } from '../knowledge-view.ts'

const DESCRIBE = { ...STATE_OPTIONS } as const

const list: Command = {
  command: 'list',
  summary: 'the tables in force: certifications, advisories, rules of CAs, with source and date',
  options: DESCRIBE,
  run: async (args, context) => {
    const { knowledgeInForce } = await import('../../config/knowledge-in-force.ts')
    await print(await knowledgeInForce(await configure(args, context)), context)
    return EXIT.done
  },
}

const update: Command = {
  command: 'update <file>',
  summary: 'take in a signed data file with newer tables (its signature is FILE.minisig)',
  positionals: { file: { type: 'string', describe: 'data file' } },
  options: DESCRIBE,
  run: async (args, context) => {
    const { updateKnowledge } = await import('../../config/knowledge-in-force.ts')
    await print(await updateKnowledge(args.required('file'), await configure(args, context), Date.now()), context)
    return EXIT.done
  },
}

async function print(knowledge: Knowledge, { output }: CommandContext): Promise<void> {
  const { describeRange } = await import('../../knowledge/version-range.ts')
  const now = Date.now()
  const { certifications, advisories, caRules, ...head } = knowledge
  const age = ageInDays(knowledge, now)
  output.result({ knowledge: { ...head, ageDays: age }, certifications, advisories, caRules }, () =>
    [
      knowledgeFact(knowledge, now),
      '',
      ...certifications.map(
        ({ hsmType, firmware, standard, level, certificate, basis, historicalFrom, source, checked }) =>
          [
            `certification  ${hsmType}, ${describeRange(firmware ?? {})}: FIPS ${standard} level ${level}`,
            certificate === undefined
              ? basis === 'vendor'
                ? 'as the vendor states'
                : undefined
              : `certificate ${certificate}`,
            historicalFrom === undefined ? undefined : `historical from ${historicalFrom}`,
            `${source} (${checked})`,
          ]
            .filter((part) => part !== undefined)
            .join('; '),
      ),
      ...advisories.map(
        ({ id, name, references, hsmType, firmware, keyTypes, source, checked }) =>
          `advisory       ${id}: ${name} (${references.join(', ')}), ${hsmType === undefined ? 'any device' : `${hsmType} ${describeRange(firmware ?? {})}`}, ${keyTypes.join(' and ')} keys; ${source} (${checked})`,
      ),
      ...caRules.map(({ id, from, source, checked }) => `rule           ${id}, from ${from}; ${source} (${checked})`),
    ].join('\n'),
  )
}

export const knowledge: CommandGroup = {
  name: 'knowledge',
  summary: 'show and update dated knowledge: certifications, advisories, rules of CAs',
  commands: [list, update],
}
