// What an error says, in a few words.

/** The message; several errors of one thing, such as the addresses of a host, say what the first says. */
export const reasonOf = (error: unknown): string => {
  const first = error instanceof AggregateError ? error.errors[0] : error
  return first instanceof Error && first.message !== '' ? first.message : String(first)
}
