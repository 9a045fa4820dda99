// What a check is, what it is given, and how it says that a server is not as documented.

export const apis = ['000', '001', '002', '003', '004'] as const
export type Api = (typeof apis)[number]

export type Reference = {
  readonly api: Api
  readonly title: string
  readonly checks: readonly Check[]
  /** Empties the cart of a user, where the API can; an empty cart is no fault. */
  readonly clear: (on: Target, user: string) => Promise<void>
}

export type Check = {
  /** A sentence about the behaviour. */
  readonly name: string
  /** The sentence or the code of the document that says so. */
  readonly source: string
  /** `optional`: about something a server may have switched off or have otherwise; may skip itself. */
  readonly need: 'required' | 'optional'
  /** @throws Failure when the server does otherwise, Skip when it can't be seen. */
  readonly run: (on: Target) => Promise<void>
}

/** The server under test, as one check sees it. */
export interface Target {
  /** Waits when the server says 429 and for how long. @throws Failure when nothing is answered in time. */
  send(method: Method, path: string, sent?: Sent): Promise<Answer>
  /** A user without a cart: a new one, or the given one with its cart emptied. */
  newUser(): Promise<string>
  /** Another than that one. @throws Skip when the run is bound to one user. */
  otherUser(): Promise<string>
  /** A name that no other run has used. */
  newName(prefix: string): string
  /** Two products: those given on the command line, otherwise of the documents and made up. */
  readonly products: readonly [string, string]
  readonly token: string | null
  /** How long to wait for a reservation; null: not at all. */
  readonly waitMs: number | null
  /** Something the reader should know beside ok. */
  note(text: string): void
  /** Progress, for a check that takes long. */
  say(line: string): void
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export type Sent = {
  readonly body?: unknown
  /** Sent as it stands, in place of `body`, as JSON. */
  readonly raw?: string
  readonly headers?: Readonly<Record<string, string>>
  /** `anonymous`: without the token of the run. */
  readonly as?: 'anonymous'
  /** `answer`: 429 is an answer like any other. */
  readonly tooMany?: 'wait' | 'answer'
}

export type Answer = {
  /** Method and path, for messages. */
  readonly request: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined when the body is not JSON. */
  readonly json: unknown
  readonly ms: number
}

/** The server does not do what the document says. */
export class Failure extends Error {}

/** It can't be seen whether the server does what the document says; the message says why. */
export class Skip extends Error {}

/** A path with its values encoded. */
export const path = (texts: TemplateStringsArray, ...values: readonly string[]): string =>
  texts.reduce((made, text, at) => `${made}${encodeURIComponent(values[at - 1] ?? '')}${text}`)
