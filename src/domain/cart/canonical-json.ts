// JSON in one canonical text, so that the same choices make the same line.
import type { Json, JsonObject } from './item.ts'

/** JSON with members sorted by code unit and no white space, as RFC 8785 has it. */
export const canonicalText = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const object = value as JsonObject
  const members = Object.keys(object)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalText(object[name] ?? null)}`)
  return `{${members.join(',')}}`
}
