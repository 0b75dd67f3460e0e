/**
 * The members that are not undefined. For results whose contract says that a member is absent: `in`, Object.keys and a
 * JSON writer then agree.
 */
export function present<Members extends object>(members: Members): Members {
  if (Object.values(members).every((value) => value !== undefined)) return members
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members
}
