/**
 * Public keys (minisign's form, the second line of minisign.pub) whose signature makes an update of the tables count. None is pinned
 * in this version: docs/knowledge.md says how a maintainer adds one, and how a user names one in `knowledgeKeys`.
 */
export const PINNED_KNOWLEDGE_KEYS: readonly string[] = []
