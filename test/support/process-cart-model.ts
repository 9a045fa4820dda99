// A cart as a shopper may think of it: lines with quantities, and a version. The sequential specification
// that histories are checked against.
import type { Model } from './linearizability.ts'

export type Line = { readonly id: string; readonly product: string; readonly quantity: number }

export type Shown = {
  readonly version: number
  readonly revision: number
  readonly lines: readonly Line[]
}

export type Input = { readonly ifMatch: number | null } & (
  | { readonly type: 'add'; readonly product: string; readonly quantity: number }
  | { readonly type: 'set'; readonly itemId: string; readonly quantity: number }
  | { readonly type: 'remove'; readonly itemId: string }
  | { readonly type: 'clear' }
  | { readonly type: 'get' }
)

export type Output =
  | { readonly kind: 'shown'; readonly cart: Shown }
  | { readonly kind: 'stale'; readonly cart: Shown }
  | { readonly kind: 'not-found' }
  /** No answer came, or one that leaves it open. */
  | { readonly kind: 'unknown' }

/** Of a line whose addition was not answered, until an answer shows it. */
const notShown = 'not shown'

const toText = ({ version, revision, lines }: Shown): string =>
  `${version}.${revision} ${lines.map((l) => `${l.id}=${l.product}×${l.quantity}`).join(' ')}`

const isSameContent = (a: readonly Line[], b: readonly Line[]): boolean =>
  a.length === b.length &&
  a.every((line) => {
    // A product has one line.
    const other = b.find(({ product }) => product === line.product)
    const isSame = other?.id === line.id || other?.id === notShown || line.id === notShown
    return isSame && other?.quantity === line.quantity
  })

/** What the lines become; null when the item is not there. The id of a new line is known by its answer. */
const apply = (
  lines: readonly Line[],
  input: Input,
  shown: Shown | null,
): readonly Line[] | null => {
  switch (input.type) {
    case 'get':
      return lines
    case 'clear':
      return []
    case 'add': {
      const { product, quantity } = input
      const line = lines.find((l) => l.product === product)
      if (line === undefined) {
        const id = shown?.lines.find((l) => l.product === product)?.id ?? notShown
        return [...lines, { id, product, quantity }]
      }
      return lines.map((l) => (l === line ? { ...l, quantity: l.quantity + quantity } : l))
    }
    case 'set':
    case 'remove': {
      const { itemId } = input
      if (!lines.some(({ id }) => id === itemId)) return null
      const quantity = input.type === 'set' ? input.quantity : 0
      return lines.flatMap((l) => {
        if (l.id !== itemId) return [l]
        return quantity === 0 ? [] : [{ ...l, quantity }]
      })
    }
    default:
      return input satisfies never
  }
}

/** Reservations that settle raise the revision without the shopper; it never decreases. */
const follow = (state: Shown, lines: readonly Line[], shown: Shown): Shown | null => {
  const isEffective = !isSameContent(state.lines, lines)
  const version = state.version + (isEffective ? 1 : 0)
  const isLater = isEffective ? shown.revision > state.revision : shown.revision >= state.revision
  if (!isLater || shown.version !== version || !isSameContent(lines, shown.lines)) return null
  return { version, revision: shown.revision, lines: lines.map((line) => nameBy(shown, line)) }
}

const nameBy = (shown: Shown, line: Line): Line =>
  line.id === notShown
    ? (shown.lines.find(({ product }) => product === line.product) ?? line)
    : line

/** What the cart may have become; null when it is unchanged, which need not be tried. */
const guess = (state: Shown, input: Input): Shown | null => {
  const lines = apply(state.lines, input, null)
  if (lines === null || isSameContent(state.lines, lines)) return null
  // At least: reservations may have moved the revision on.
  return { version: state.version + 1, revision: state.revision + 1, lines }
}

export const cartModel: Model<Shown, Input, Output> = {
  initial: { version: 0, revision: 0, lines: [] },
  step: (state, input, output) => {
    const isStale = input.ifMatch !== null && input.ifMatch !== state.version
    if (output.kind === 'stale') return isStale ? follow(state, state.lines, output.cart) : null
    if (isStale) return null
    if (output.kind === 'unknown') return guess(state, input)
    const shown = output.kind === 'shown' ? output.cart : state
    const lines = apply(state.lines, input, shown)
    if (output.kind === 'not-found') return lines === null ? state : null
    return lines === null ? null : follow(state, lines, output.cart)
  },
  keyOf: toText,
}
