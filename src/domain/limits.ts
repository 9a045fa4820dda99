// Every bound of the service. Requests beyond one are refused, never truncated.

export const limits = {
  itemsPerCart: 500,
  quantityPerItem: 9_999,
  idChars: 128,
  nameChars: 256,
  attributesBytes: 2_048,
  bodyBytes: 65_536,
  jsonDepth: 8,
  operationsPerRequest: 100,
  idempotencyKeyChars: 255,
  commandsPerLane: 10_000,
  /** Reservations of one item that the reservation service works on at once; more units wait. */
  pendingPerItem: 8,
  /** Settled reservations that stay with their item; earlier ones are rows of their own. */
  settledWithItem: 20,
  /** Above this many unsettled departures a cart takes no additions, so that it stays loadable. */
  departingPerCart: 10_000,
  /** Of a price, in minor units: a full cart of the dearest product still adds up exactly. */
  priceAmount: 1_000_000_000,
  journalEntriesPerPage: 1_000,
  jobsPerPage: 1_000,
  additionsPerPage: 1_000,
} as const
