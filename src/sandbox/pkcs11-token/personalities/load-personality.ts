import type { Personality } from '../personality.ts'
import type { PlainSettings } from './plain.ts'

/** Which product the token plays, as data that can cross into a worker. */
export type PersonalityChoice = { readonly name: 'plain'; readonly settings?: PlainSettings }

export async function loadPersonality(choice: PersonalityChoice): Promise<Personality> {
  switch (choice.name) {
    case 'plain':
      return (await import('./plain.ts')).plainPersonality(choice.settings)
  }
}
