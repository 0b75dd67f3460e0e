import type { Personality } from '../personality.ts'
import type { LunaSettings } from './luna.ts'
import type { NshieldSettings } from './nshield.ts'
import type { PlainSettings } from './plain.ts'

/** Which product the token plays, as data that can cross into a worker. */
export type PersonalityChoice =
  | { readonly name: 'plain'; readonly settings?: PlainSettings }
  | { readonly name: 'luna'; readonly settings?: LunaSettings }
  | { readonly name: 'nshield'; readonly settings?: NshieldSettings }

/** Loads only what the choice needs: making test roots takes a while. */
export async function loadPersonality(choice: PersonalityChoice): Promise<Personality> {
  switch (choice.name) {
    case 'plain':
      return (await import('./plain.ts')).plainPersonality(choice.settings)
    case 'luna':
      return (await import('./luna.ts')).lunaPersonality(choice.settings)
    case 'nshield':
      return (await import('./nshield.ts')).nshieldPersonality(choice.settings)
  }
}
