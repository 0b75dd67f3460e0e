/**
 * The members that are not undefined. For results whose contract says that a member is absent: `in`, Object.keys and a
 * JSON writer then agree.
 */
export function present<Members extends object>(members: Members): Members {
  let whole = true
  for (const name in members) if (members[name] === undefined) whole = false
  if (whole) return members
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members
}
