/**
 * Every word of the page that is not part of a verdict, in one place: another language is another object of this shape. What a verdict
 * says is hsm-enroll's own wording, the same as `check` and `inspect` print.
 */
export const WORDS = {
  language: 'en',
  title: 'Key attestation check',
  purpose:
    'Find out whether a key was generated in the hardware that it is said to be in, and whether a CA will take it. Everything is computed in this page: no file leaves your device.',
  version: (version: string): string => `hsm-enroll ${version}`,

  inputs: {
    heading: 'What to check',
    attestation: 'Attestation',
    attestationHint:
      'The file from the device and, in any order, what belongs to it: certificates, request, zip, e-mail, JSON.',
    request: 'Certificate request',
    requestHint: 'PKCS#10. Optional: the attested key must be its key.',
    chains: 'Certificate chains',
    chainsHint: 'Google Cloud HSM: what comes beside the statement. Optional.',
    anchors: 'Your own trust anchors',
    anchorsHint: 'Certificates or public keys that you trust beside the built-in ones.',
    drop: 'Drop files here, or paste',
    choose: 'Choose files',
    chooseFor: (field: string): string => `Choose files: ${field}`,
    paste: (field: string): string => `${field}: paste text`,
    pasted: 'pasted text',
    remove: (name: string): string => `Remove ${name}`,
    bytes: (count: number): string => (count < 10_000 ? `${count} bytes` : `${Math.round(count / 1024)} KB`),
    more: 'Day, policy, trust anchors',
    day: 'Knowledge as of',
    dayHint: 'Certifications, advisories and rules of CAs on that day.',
    policy: 'Policy',
    policies: { 'document-signing': 'Document signing', 'code-signing': 'Code signing' },
    fips: 'Device without FIPS certification',
    fipsChoices: { refuse: 'Refuse', warn: 'Warn', off: 'Take no notice' },
    keyName: 'Name of the key',
    keyNameHint: 'Google: name of the version. Fortanix: UUID. Optional.',
    clear: 'Start again',
  },

  verdict: {
    heading: 'Verdict',
    acceptable: 'Acceptable',
    acceptableText: 'The key was generated in the hardware, cannot leave it, and meets the policy.',
    unbound: 'Genuine, not compared with a request',
    unboundText:
      'The key was generated in the hardware and meets the policy. Add the certificate request to see whether it is for this key.',
    refused: 'Genuine, but not acceptable',
    refusedText: 'The device vouches for the key, but an order with it would be refused.',
    notGenuine: 'Not genuine',
    notGenuineText: 'This does not prove that the key is in the hardware. Do not rely on anything that it claims.',
    unreadable: 'Cannot be read',
    explained: 'Not an attestation',
    explainedText: 'It can be explained, but it proves nothing about where a key is.',
    asked: (day: string, issued: string): string => `Judged for ${day}, by the knowledge of ${issued}.`,
    relaxedFips: (choice: string): string => `Device without FIPS certification: ${choice}.`,
    ownAnchors: 'Your own trust anchors count beside the built-in ones.',
    remedy: 'What to do',
    empty: 'The verdict appears here as soon as there is something to check.',
  },

  sections: {
    problems: 'What is wrong, and what to do',
    warnings: 'What to know before an order',
    device: 'Device and key',
    chain: 'Who vouches for whom',
    chainPicture: (names: readonly string[]): string => `Chain of trust, from the top: ${names.join('; ')}.`,
    says: 'What it says',
    claims: 'What it claims, without proving any of it',
    silent: 'What it does not say',
    notes: 'Notes',
    inside: 'Found inside it',
    checks: 'All checks',
    checkColumns: ['Result', 'Check', 'What was found', 'Source of the rule'],
    json: 'The verdict as JSON, as `hsm-enroll check --json` prints it',
    text: 'The explanation as text, as `hsm-enroll inspect` prints it',
  },

  statuses: { pass: 'holds', fail: 'fails', warn: 'warning', 'not-applicable': 'does not apply' },

  actions: {
    base64: 'Copy the base64 for the order',
    base64Size: (characters: number): string => `${characters.toLocaleString('en')} characters`,
    copyJson: 'Copy JSON',
    save: 'Save JSON',
    copyText: 'Copy text',
    print: 'Print',
    copied: 'Copied.',
    notCopied: 'The browser did not let the page copy. Select the text and copy it yourself.',
  },

  footer: {
    promise:
      'This file works without a network, and its own rules forbid it to open a connection. Save it and use it anywhere.',
    limits: 'No attestation says when a key was generated, who knows the PIN, or that the device still holds the key.',
    notices: 'Licences of the libraries in this page',
  },
} as const
