import { hideSecrets } from '../../../devices/device.ts'

export type Redact = (text: string) => string

/** Takes the given secrets out of a text, however it spells them. Whatever the CA, a proxy or the runtime says passes through here before it is shown. */
export function createRedactor(secrets: readonly { text(): string }[]): Redact {
  const texts = secrets.map((secret) => secret.text())
  return (text) => hideSecrets(text, texts)
}
