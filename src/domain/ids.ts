// Branded ids: made at the edges and by commands, compared as bytes, never folded.

/** Whose cart: one per user id. */
export type CartId = string & { readonly brand: 'CartId' }
export type ItemId = string & { readonly brand: 'ItemId' }
/** Ours: made with the addition, the key towards the reservation service on every attempt. */
export type ReservationKey = string & { readonly brand: 'ReservationKey' }
/** Theirs: what the reservation service calls the hold that it made. */
export type HoldId = string & { readonly brand: 'HoldId' }
