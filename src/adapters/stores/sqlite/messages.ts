// What the service's main thread and the thread of the file say to each other.
import type { Method } from './tables.ts'

/** Travel as JSON text, in lists: cheaper to make, copy and read than structured clones. */
export type Call = { readonly method: Method; readonly args: readonly unknown[] }
export type Result = { readonly value?: unknown } | { readonly error: string }
export type Opened = { readonly opened: true } | { readonly opened: false; readonly reason: string }

export const closeMessage = 'close'
