// Values inside of JSON cells, checked like the cells themselves. `where` is the table, the column and the
// part of its value, for the error; the value is not in it, since it may be large.

/** @throws Error that names the column. */
export const parseJson = (text: string, where: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${where} is not JSON`)
  }
}

const check =
  <T>(is: (value: unknown) => value is T, what: string) =>
  (value: unknown, where: string): T => {
    if (is(value)) return value
    throw new Error(`${where} is not ${what}`)
  }

export const toText = check((value) => typeof value === 'string', 'a text')
export const toTextOrNull = check(
  (value): value is string | null => value === null || typeof value === 'string',
  'a text or null',
)
export const toInteger = check(
  (value): value is number => Number.isSafeInteger(value),
  'a whole number',
)
export const toBoolean = check((value) => typeof value === 'boolean', 'true or false')
export const toList = check((value): value is readonly unknown[] => Array.isArray(value), 'a list')
export const toObject = check(
  (value): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
)
