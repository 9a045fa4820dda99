// Changes as a store gets them, built part by part: what a test does not name has a plain value.
import { canonicalText } from '../../src/domain/cart/canonical-json.ts'
import { type Item, noneOlder } from '../../src/domain/cart/item.ts'
import type { CartId, HoldId, ItemId, ReservationKey } from '../../src/domain/ids.ts'
import type { ReleaseJob, ReserveJob } from '../../src/domain/reservation/job.ts'
import type {
  Departing,
  Failed,
  Pending,
  Reserved,
  Unavailable,
  Waiting,
} from '../../src/domain/reservation/reservation.ts'
import type {
  Answer,
  Change,
  Job,
  JobChanges,
  JournalEntry,
  Lease,
  PutBack,
  Store,
} from '../../src/ports/store.ts'

export const ada = 'ada' as CartId
export const bob = 'bob' as CartId
/** When things happen, unless a test gives another time. */
export const noon = 1_700_000_000_000

export const toKey = (name: string) => name as ReservationKey
export const toItemId = (name: string) => name as ItemId
export const toHold = (name: string) => name as HoldId

const asked = (name: string) => ({
  key: toKey(name),
  quantity: 1,
  wanted: 1,
  requestedAt: noon,
})

export const buildWaiting = (name: string, differently: Partial<Waiting> = {}): Waiting => ({
  ...asked(name),
  status: 'waiting',
  ...differently,
})

export const buildPending = (name: string, differently: Partial<Pending> = {}): Pending => ({
  ...asked(name),
  status: 'pending',
  replaces: null,
  reason: null,
  ...differently,
})

export const buildReserved = (name: string, differently: Partial<Reserved> = {}): Reserved => ({
  ...asked(name),
  status: 'reserved',
  attempts: 1,
  settledAt: noon,
  holdId: toHold(`hold of ${name}`),
  reason: null,
  ...differently,
})

export const buildUnavailable = (
  name: string,
  differently: Partial<Unavailable> = {},
): Unavailable => ({
  ...asked(name),
  status: 'unavailable',
  attempts: 1,
  settledAt: noon,
  reason: 'sold out',
  ...differently,
})

export const buildFailed = (name: string, differently: Partial<Failed> = {}): Failed => ({
  ...asked(name),
  status: 'failed',
  attempts: 1,
  settledAt: noon,
  reason: 'given up',
  outcomeUnknown: false,
  ...differently,
})

export const buildItem = (name: string, differently: Partial<Item> = {}): Item => ({
  id: toItemId(name),
  productId: `product of ${name}`,
  name: null,
  attributes: {},
  attributesKey: canonicalText(differently.attributes ?? {}),
  quantity: 1,
  unitPrice: null,
  reservations: [],
  older: noneOlder,
  addedAt: noon,
  updatedAt: noon,
  ...differently,
})

const left = (name: string) => ({
  key: toKey(name),
  itemId: toItemId('tea'),
  quantity: 1,
  since: noon,
})

type Cancelled = Extract<Departing, { readonly state: 'cancelled' }>
type Releasing = Extract<Departing, { readonly state: 'releasing' }>

export const buildDeparting = (name: string, differently: Partial<Cancelled> = {}): Departing => ({
  ...left(name),
  state: 'cancelled',
  holdId: null,
  ...differently,
})

export const buildReleasing = (name: string, differently: Partial<Releasing> = {}): Departing => ({
  ...left(name),
  state: 'releasing',
  holdId: toHold('h'),
  ...differently,
})

export const buildIntent = (id: string, differently: Partial<ReserveJob> = {}): ReserveJob => ({
  id,
  kind: 'reserve',
  key: toKey(id),
  itemId: toItemId('tea'),
  productId: 'product of tea',
  quantity: 1,
  ...differently,
})

export const buildRelease = (id: string, differently: Partial<ReleaseJob> = {}): ReleaseJob => ({
  id,
  kind: 'release',
  key: toKey(id),
  itemId: toItemId('tea'),
  quantity: 1,
  holdId: toHold('h'),
  ...differently,
})

/** The job that the store makes of an intent. */
export const buildJob = (id: string, differently: Partial<RequestJob> = {}): RequestJob => ({
  ...buildIntent(id),
  ...fresh,
  ...differently,
})

export const buildReleaseJob = (
  id: string,
  differently: Partial<Extract<Job, { readonly kind: 'release' }>> = {},
): Job => ({ ...buildRelease(id), ...fresh, ...differently })

type RequestJob = Exclude<Job, { readonly kind: 'release' }>

const fresh = {
  cartId: ada,
  createdAt: noon,
  dueAt: noon,
  attempts: 0,
  unknownAt: null,
  lastError: null,
  buriedAt: null,
}

export const buildAnswer = (key: string, differently: Partial<Answer> = {}): Answer => ({
  caller: 'a caller',
  key,
  fingerprint: `fingerprint of ${key}`,
  version: 1,
  revision: 1,
  itemId: null,
  form: 'cart',
  text: `answer to ${key}`,
  at: noon,
  ...differently,
})

export const buildEntry = (
  revision: number,
  position: number,
  { actor = 'an actor', at = noon } = {},
): JournalEntry => ({
  revision,
  position,
  version: revision,
  actor,
  event: { type: 'reservation-released', at, key: toKey(`r${revision}.${position}`) },
})

export const buildPutBack = (id: string, differently: Partial<PutBack> = {}): PutBack => ({
  id,
  dueAt: noon,
  lastError: null,
  attempt: 'answered',
  ...differently,
})

type Parts = {
  readonly cartId?: CartId
  /** The revision it is decided on. */
  readonly on?: number
  readonly at?: number
  /** `none`: neither counter moves. */
  readonly effect?: 'none' | 'some'
  readonly createdAt?: number
  readonly put?: readonly Item[]
  readonly removed?: readonly Item[]
  readonly older?: Partial<Change['older']>
  readonly departing?: Partial<Change['departing']>
  readonly events?: readonly JournalEntry[]
  readonly jobs?: Partial<JobChanges>
  readonly leases?: readonly Lease[]
  readonly answers?: readonly Answer[]
}

const noJobs: JobChanges = {
  put: [],
  cancelled: [],
  revived: [],
  requeued: [],
  buried: [],
  finished: [],
}

export const buildChange = (parts: Parts): Change => {
  const { cartId = ada, on = 0, at = noon, effect = 'some', createdAt = noon } = parts
  const revision = effect === 'some' ? on + 1 : on
  const never = revision === 0
  return {
    cartId,
    expectedRevision: on,
    at,
    cart: {
      version: revision,
      revision,
      createdAt: never ? null : createdAt,
      updatedAt: never ? null : at,
    },
    items: { put: parts.put ?? [], removed: parts.removed ?? [] },
    older: { put: [], removed: [], ...parts.older },
    departing: { put: [], removed: [], ...parts.departing },
    events: parts.events ?? [],
    jobs: { ...noJobs, ...parts.jobs },
    leases: parts.leases ?? [],
    answers: parts.answers ?? [],
  }
}

/** A change with one row of every kind, all of them recognisable by its name. */
export const buildFullChange = (
  name: string,
  { cartId = ada, on = 0, at = noon }: Pick<Parts, 'cartId' | 'on' | 'at'> = {},
): Change => {
  const item = buildItem(`item-${name}`)
  return buildChange({
    cartId,
    on,
    at,
    put: [item],
    older: { put: [{ itemId: item.id, reservation: buildReserved(`older-${name}`) }] },
    departing: { put: [buildDeparting(`departing-${name}`)] },
    events: [buildEntry(on + 1, 0, { actor: name, at })],
    jobs: { put: [buildIntent(`job-${name}`)] },
    answers: [buildAnswer(`answer-${name}`, { at })],
  })
}

export const everyPart = ['item', 'older', 'departing', 'event', 'job', 'answer'] as const

/** Which rows of a full change the store has. */
export const partsIn = async (store: Store, name: string, cartId = ada): Promise<string[]> => {
  const id = toItemId(`item-${name}`)
  const keys = [{ caller: 'a caller', key: `answer-${name}` }]
  const { cart, answers } = await store.load(cartId, keys)
  const journal = await store.readJournal(cartId, 0, 1_000)
  const found: Record<(typeof everyPart)[number], boolean> = {
    item: cart.items.some((item) => item.id === id),
    older: (await store.loadOlder(cartId, id)).length > 0,
    departing: cart.departing.some((d) => d.key === `departing-${name}`),
    event: journal.some((entry) => entry.actor === name),
    job: (await store.findJob(`job-${name}`)) !== null,
    answer: answers.length > 0,
  }
  return everyPart.filter((part) => found[part])
}

/** Commits what must not be in conflict. */
export const mustCommit = async (store: Store, ...changes: readonly Change[]): Promise<void> => {
  for (const change of changes) {
    const result = await store.commit(change)
    if (result !== 'committed') throw new Error(`the change was answered ${result}`)
  }
}

/** Puts jobs that are due at a time into a cart of their own. */
export const putJobs = (store: Store, at: number, ...ids: readonly string[]): Promise<void> => {
  const cartId = `cart of ${ids.join()}` as CartId
  return mustCommit(
    store,
    buildChange({ cartId, at, jobs: { put: ids.map((id) => buildIntent(id)) } }),
  )
}
