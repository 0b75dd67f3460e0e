/** The calls of the protocol: id, name, signature of the request and of the reply. Source: p11-kit 0.24.1, rpc-message.h. */

export interface RpcCall {
  readonly id: number
  readonly name: string
  readonly request: string
  readonly response: string
}

/** A reply with this id carries a CK_RV and nothing else. */
export const ERROR_CALL = 0
export const ERROR_SIGNATURE = 'u'

const call = (id: number, name: string, request: string, response: string): RpcCall => ({ id, name, request, response })

export const RPC_CALLS: readonly RpcCall[] = [
  call(1, 'C_Initialize', 'ayyay', ''),
  call(2, 'C_Finalize', '', ''),
  call(3, 'C_GetInfo', '', 'vsusv'),
  call(4, 'C_GetSlotList', 'yfu', 'au'),
  call(5, 'C_GetSlotInfo', 'u', 'ssuvv'),
  call(6, 'C_GetTokenInfo', 'u', 'ssssuuuuuuuuuuuvvs'),
  call(7, 'C_GetMechanismList', 'ufu', 'au'),
  call(8, 'C_GetMechanismInfo', 'uu', 'uuu'),
  call(9, 'C_InitToken', 'uayz', ''),
  call(10, 'C_OpenSession', 'uu', 'u'),
  call(11, 'C_CloseSession', 'u', ''),
  call(12, 'C_CloseAllSessions', 'u', ''),
  call(13, 'C_GetSessionInfo', 'u', 'uuuu'),
  call(14, 'C_InitPIN', 'uay', ''),
  call(15, 'C_SetPIN', 'uayay', ''),
  call(16, 'C_GetOperationState', 'ufy', 'ay'),
  call(17, 'C_SetOperationState', 'uayuu', ''),
  call(18, 'C_Login', 'uuay', ''),
  call(19, 'C_Logout', 'u', ''),
  call(20, 'C_CreateObject', 'uaA', 'u'),
  call(21, 'C_CopyObject', 'uuaA', 'u'),
  call(22, 'C_DestroyObject', 'uu', ''),
  call(23, 'C_GetObjectSize', 'uu', 'u'),
  call(24, 'C_GetAttributeValue', 'uufA', 'aAu'),
  call(25, 'C_SetAttributeValue', 'uuaA', ''),
  call(26, 'C_FindObjectsInit', 'uaA', ''),
  call(27, 'C_FindObjects', 'ufu', 'au'),
  call(28, 'C_FindObjectsFinal', 'u', ''),
  call(29, 'C_EncryptInit', 'uMu', ''),
  call(30, 'C_Encrypt', 'uayfy', 'ay'),
  call(31, 'C_EncryptUpdate', 'uayfy', 'ay'),
  call(32, 'C_EncryptFinal', 'ufy', 'ay'),
  call(33, 'C_DecryptInit', 'uMu', ''),
  call(34, 'C_Decrypt', 'uayfy', 'ay'),
  call(35, 'C_DecryptUpdate', 'uayfy', 'ay'),
  call(36, 'C_DecryptFinal', 'ufy', 'ay'),
  call(37, 'C_DigestInit', 'uM', ''),
  call(38, 'C_Digest', 'uayfy', 'ay'),
  call(39, 'C_DigestUpdate', 'uay', ''),
  call(40, 'C_DigestKey', 'uu', ''),
  call(41, 'C_DigestFinal', 'ufy', 'ay'),
  call(42, 'C_SignInit', 'uMu', ''),
  call(43, 'C_Sign', 'uayfy', 'ay'),
  call(44, 'C_SignUpdate', 'uay', ''),
  call(45, 'C_SignFinal', 'ufy', 'ay'),
  call(46, 'C_SignRecoverInit', 'uMu', ''),
  call(47, 'C_SignRecover', 'uayfy', 'ay'),
  call(48, 'C_VerifyInit', 'uMu', ''),
  call(49, 'C_Verify', 'uayay', ''),
  call(50, 'C_VerifyUpdate', 'uay', ''),
  call(51, 'C_VerifyFinal', 'uay', ''),
  call(52, 'C_VerifyRecoverInit', 'uMu', ''),
  call(53, 'C_VerifyRecover', 'uayfy', 'ay'),
  call(54, 'C_DigestEncryptUpdate', 'uayfy', 'ay'),
  call(55, 'C_DecryptDigestUpdate', 'uayfy', 'ay'),
  call(56, 'C_SignEncryptUpdate', 'uayfy', 'ay'),
  call(57, 'C_DecryptVerifyUpdate', 'uayfy', 'ay'),
  call(58, 'C_GenerateKey', 'uMaA', 'u'),
  call(59, 'C_GenerateKeyPair', 'uMaAaA', 'uu'),
  call(60, 'C_WrapKey', 'uMuufy', 'ay'),
  call(61, 'C_UnwrapKey', 'uMuayaA', 'u'),
  call(62, 'C_DeriveKey', 'uMuaA', 'u'),
  call(63, 'C_SeedRandom', 'uay', ''),
  call(64, 'C_GenerateRandom', 'ufy', 'ay'),
  call(65, 'C_WaitForSlotEvent', 'u', 'u'),
]

const BY_ID: ReadonlyMap<number, RpcCall> = new Map(RPC_CALLS.map((entry) => [entry.id, entry]))

export const findRpcCall = (id: number): RpcCall | undefined => BY_ID.get(id)
export const isCallName = (name: string): boolean => RPC_CALLS.some((entry) => entry.name === name)
