/** Results are set member by member where batches make many of them, since object spreads cost. */
export type Writable<Data> = { -readonly [Name in keyof Data]: Data[Name] }
