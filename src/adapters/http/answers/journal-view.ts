// Journal entries on the wire: snake_case like everything else, the shopper's own attributes untouched.
import type { JournalEntry } from '../../../ports/store.ts'

export const toEntryView = ({ revision, version, actor, event }: JournalEntry) => {
  const { type, at, ...data } = event
  return { revision, version, type, data: toWireData(data), actor, at: new Date(at).toISOString() }
}

const toSnakeCase = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)

// Names that differ from the fields of the domain by more than their case.
const wireNames: Readonly<Record<string, string>> = { holdId: 'reservation_id', key: 'id' }

const toWireData = (data: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(data)
      .filter(([name]) => name !== 'attributesKey')
      .map(([name, value]) => [
        wireNames[name] ?? toSnakeCase(name),
        name === 'attributes' ? value : toWireValue(value),
      ]),
  )

const toWireValue = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(toWireValue)
  return typeof value === 'object' && value !== null ? toWireData(value) : value
}
