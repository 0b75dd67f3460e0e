/**
 * Every command of the YubiHSM 2, one row each, as the device's own documentation and Yubico's clients name them.
 * Source: developers.yubico.com/YubiHSM2/Commands, yubihsm-shell lib/yubihsm.h, python-yubihsm defs.py.
 * Integers are big-endian; `id2` is an object id in two bytes, `label40` is padded with zeros.
 */
export interface CommandRow {
  readonly code: number
  readonly request: string
  readonly reply: string
  /** Sent by hsm-enroll. */
  readonly used: boolean
  /** Answered by the software double. */
  readonly doubled: boolean
}

const NEW_OBJECT = 'id2 label40 domains2 capabilities8 algorithm1'

// biome-ignore format: a table, a row a line
export const COMMANDS = {
  echo: { code: 0x01, request: 'bytes', reply: 'bytes', used: false, doubled: true },
  'create session': { code: 0x03, request: 'id2 challenge8 | id2 point65', reply: 'sid1 challenge8 cryptogram8 | sid1 point65 receipt16', used: true, doubled: true },
  'authenticate session': { code: 0x04, request: 'sid1 cryptogram8 mac8', reply: '', used: true, doubled: true },
  'session message': { code: 0x05, request: 'sid1 ciphertext mac8', reply: 'sid1 ciphertext mac8', used: true, doubled: true },
  'device info': { code: 0x06, request: '[page1]', reply: 'version3 serial4 logSize1 logUsed1 algorithms | partNumber', used: true, doubled: true },
  'reset device': { code: 0x08, request: '', reply: '', used: false, doubled: true },
  'get device public key': { code: 0x0a, request: '', reply: 'algorithm1 x32 y32', used: true, doubled: true },
  'close session': { code: 0x40, request: '', reply: '', used: true, doubled: true },
  'get storage info': { code: 0x41, request: '', reply: 'records2 freeRecords2 pages2 freePages2 pageSize2', used: true, doubled: true },
  'put opaque': { code: 0x42, request: `${NEW_OBJECT} bytes`, reply: 'id2', used: true, doubled: true },
  'get opaque': { code: 0x43, request: 'id2', reply: 'bytes', used: true, doubled: true },
  'put authentication key': { code: 0x44, request: `${NEW_OBJECT} delegated8 key`, reply: 'id2', used: false, doubled: true },
  'put asymmetric key': { code: 0x45, request: `${NEW_OBJECT} key`, reply: 'id2', used: false, doubled: true },
  'generate asymmetric key': { code: 0x46, request: NEW_OBJECT, reply: 'id2', used: true, doubled: true },
  'sign pkcs1': { code: 0x47, request: 'id2 hash', reply: 'signature', used: true, doubled: true },
  'list objects': { code: 0x48, request: 'filters', reply: '(id2 type1 sequence1)*', used: true, doubled: true },
  'decrypt pkcs1': { code: 0x49, request: 'id2 ciphertext', reply: 'plaintext', used: false, doubled: true },
  'export wrapped': { code: 0x4a, request: 'wrapId2 type1 id2 [format1]', reply: 'nonce13 ciphertext', used: false, doubled: true },
  'import wrapped': { code: 0x4b, request: 'wrapId2 nonce13 ciphertext', reply: 'type1 id2', used: false, doubled: true },
  'put wrap key': { code: 0x4c, request: `${NEW_OBJECT} delegated8 key`, reply: 'id2', used: false, doubled: true },
  'get log entries': { code: 0x4d, request: '', reply: 'boots2 authentications2 count1 (entry32)*', used: true, doubled: true },
  'get object info': { code: 0x4e, request: 'id2 type1', reply: 'capabilities8 id2 length2 domains2 type1 algorithm1 sequence1 origin1 label40 delegated8', used: true, doubled: true },
  'set option': { code: 0x4f, request: 'option1 length2 value', reply: '', used: false, doubled: true },
  'get option': { code: 0x50, request: 'option1', reply: 'value', used: true, doubled: true },
  'get pseudo random': { code: 0x51, request: 'length2', reply: 'bytes', used: false, doubled: true },
  'put hmac key': { code: 0x52, request: `${NEW_OBJECT} key`, reply: 'id2', used: false, doubled: true },
  'sign hmac': { code: 0x53, request: 'id2 data', reply: 'mac', used: false, doubled: true },
  'get public key': { code: 0x54, request: 'id2 [type1]', reply: 'algorithm1 n | x y', used: true, doubled: true },
  'sign pss': { code: 0x55, request: 'id2 mgf1 salt2 hash', reply: 'signature', used: false, doubled: true },
  'sign ecdsa': { code: 0x56, request: 'id2 hash', reply: 'Ecdsa-Sig-Value', used: true, doubled: true },
  'derive ecdh': { code: 0x57, request: 'id2 point', reply: 'x', used: false, doubled: true },
  'delete object': { code: 0x58, request: 'id2 type1', reply: '', used: true, doubled: true },
  'decrypt oaep': { code: 0x59, request: 'id2 mgf1 ciphertext labelHash', reply: 'plaintext', used: false, doubled: true },
  'generate hmac key': { code: 0x5a, request: NEW_OBJECT, reply: 'id2', used: false, doubled: true },
  'generate wrap key': { code: 0x5b, request: `${NEW_OBJECT} delegated8`, reply: 'id2', used: false, doubled: true },
  'verify hmac': { code: 0x5c, request: 'id2 mac data', reply: 'verified1', used: false, doubled: true },
  'sign ssh certificate': { code: 0x5d, request: 'id2 template2 algorithm1 timestamp4 signature request', reply: 'signature', used: false, doubled: false },
  'put template': { code: 0x5e, request: `${NEW_OBJECT} bytes`, reply: 'id2', used: false, doubled: true },
  'get template': { code: 0x5f, request: 'id2', reply: 'bytes', used: false, doubled: true },
  'decrypt otp': { code: 0x60, request: 'id2 aead36 otp16', reply: 'counters6', used: false, doubled: true },
  'create otp aead': { code: 0x61, request: 'id2 key16 privateId6', reply: 'aead36', used: false, doubled: true },
  'randomize otp aead': { code: 0x62, request: 'id2', reply: 'aead36', used: false, doubled: true },
  'rewrap otp aead': { code: 0x63, request: 'fromId2 toId2 aead36', reply: 'aead36', used: false, doubled: true },
  'sign attestation certificate': { code: 0x64, request: 'id2 attestingId2', reply: 'Certificate', used: true, doubled: true },
  'put otp aead key': { code: 0x65, request: `${NEW_OBJECT} nonceId4 key`, reply: 'id2', used: false, doubled: true },
  'generate otp aead key': { code: 0x66, request: `${NEW_OBJECT} nonceId4`, reply: 'id2', used: false, doubled: true },
  'set log index': { code: 0x67, request: 'number2', reply: '', used: false, doubled: true },
  'wrap data': { code: 0x68, request: 'wrapId2 data', reply: 'nonce13 ciphertext', used: false, doubled: true },
  'unwrap data': { code: 0x69, request: 'wrapId2 nonce13 ciphertext', reply: 'data', used: false, doubled: true },
  'sign eddsa': { code: 0x6a, request: 'id2 data', reply: 'signature64', used: false, doubled: true },
  'blink device': { code: 0x6b, request: 'seconds1', reply: '', used: false, doubled: true },
  'change authentication key': { code: 0x6c, request: 'id2 algorithm1 key', reply: 'id2', used: false, doubled: true },
  'put symmetric key': { code: 0x6d, request: `${NEW_OBJECT} key`, reply: 'id2', used: false, doubled: true },
  'generate symmetric key': { code: 0x6e, request: NEW_OBJECT, reply: 'id2', used: false, doubled: true },
  'decrypt ecb': { code: 0x6f, request: 'id2 blocks', reply: 'blocks', used: false, doubled: true },
  'encrypt ecb': { code: 0x70, request: 'id2 blocks', reply: 'blocks', used: false, doubled: true },
  'decrypt cbc': { code: 0x71, request: 'id2 iv16 blocks', reply: 'blocks', used: false, doubled: true },
  'encrypt cbc': { code: 0x72, request: 'id2 iv16 blocks', reply: 'blocks', used: false, doubled: true },
  'put public wrap key': { code: 0x73, request: `${NEW_OBJECT} delegated8 n`, reply: 'id2', used: false, doubled: true },
  'wrap key rsa': { code: 0x74, request: 'wrapId2 type1 id2 aes1 oaep1 mgf1 labelHash', reply: 'wrapped', used: false, doubled: true },
  'unwrap key rsa': { code: 0x75, request: 'wrapId2 type1 id2 label40 domains2 capabilities8 algorithm1 oaep1 mgf1 wrapped labelHash', reply: 'type1 id2', used: false, doubled: true },
  'export wrapped rsa': { code: 0x76, request: 'wrapId2 type1 id2 aes1 oaep1 mgf1 labelHash', reply: 'wrapped', used: false, doubled: true },
  'import wrapped rsa': { code: 0x77, request: 'wrapId2 oaep1 mgf1 wrapped labelHash', reply: 'type1 id2', used: false, doubled: true },
} as const satisfies Readonly<Record<string, CommandRow>>

export type CommandName = keyof typeof COMMANDS

/** Set in a reply's first byte. */
export const REPLY_FLAG = 0x80
/** The first byte of a reply that carries an error code. */
export const ERROR_REPLY = 0x7f

const isCommandName = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name)
const names = new Map<number, string>(Object.entries(COMMANDS).map(([name, row]) => [row.code, name]))

export function commandName(code: number): CommandName | undefined {
  const name = names.get(code)
  return name !== undefined && isCommandName(name) ? name : undefined
}
