// Kinds of settings: what the text of one may be.

export type Setting<T> = {
  readonly name: string
  readonly fallback: string
  readonly about: string
  /** May hold a password: also read from the file that NAME_FILE names, never logged. */
  readonly isSecret: boolean
  /** @throws Error whose message completes "NAME …". */
  readonly parse: (text: string) => T
}

export const setting =
  <T>(parse: (text: string) => T, isSecret = false) =>
  (name: string, fallback: string, about: string): Setting<T> => ({
    name,
    fallback,
    about,
    isSecret,
    parse,
  })

export const oneOf = <const T extends string>(...words: readonly T[]) =>
  setting((text): T => {
    const word = words.find((w) => w === text)
    if (word === undefined) throw new Error(`must be one of ${words.join(', ')}, not "${text}"`)
    return word
  })

export const integer = (min: number, max: number) =>
  setting((text): number => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new Error(`must be a whole number from ${min} to ${max}, not "${text}"`)
  })

export const flag = setting((text): boolean => {
  if (text === 'true' || text === 'on' || text === '1') return true
  if (text === 'false' || text === 'off' || text === '0') return false
  throw new Error(`must be true or false, not "${text}"`)
})

export const host = setting((text): string => {
  if (/^[\w.:-]{1,253}$/.test(text)) return text
  throw new Error(`must be a host name or an address, not "${text}"`)
})

export const text = setting((value): string => value)

export const optionalUrl = setting((text): URL | null => {
  if (text === '') return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null) decodeURIComponent(url.username + url.password)
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') {
    return url
  }
  throw new Error('must be an http:// or https:// URL without query')
}, true)

export const redisUrl = setting((text): string | null => {
  if (text === '') return null
  const isRedis = URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol)
  if (isRedis) return text
  throw new Error('must be a redis:// or rediss:// URL')
}, true)
