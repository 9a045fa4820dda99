// Decides who is refused. Attempts with one key that are under way together share their decision:
// a keyed service that answered 409 to one of them and made a hold for the other would contradict
// itself.
import type { Wanted } from './ledger.ts'
import type { World } from './world.ts'

export type Decision = 'reserve' | 'refuse'

export interface Refusals {
  /** One decision for each; `leave` must be called once their effect is settled. */
  enter(wanted: readonly Wanted[], mayRefuse: boolean): readonly Decision[]
  leave(wanted: readonly Wanted[]): void
}

export function buildRefusals(world: World): Refusals {
  const underWay = new Map<string, { readonly decision: Decision; attempts: number }>()

  const decide = (key: string | null, mayRefuse: boolean): Decision => {
    const isRefused = mayRefuse && world.random() < world.live.rateRefuse
    // A key that has its hold is answered with it, whatever was drawn.
    return isRefused && (key === null || !world.ledger.hasKey(key)) ? 'refuse' : 'reserve'
  }

  const sharedKey = ({ key }: Wanted) => (world.grade === 'keyed' ? key : null)

  return {
    enter(wanted, mayRefuse) {
      return wanted.map((one) => {
        const key = sharedKey(one)
        if (key === null) return decide(null, mayRefuse)
        const shared = underWay.get(key) ?? { decision: decide(key, mayRefuse), attempts: 0 }
        shared.attempts += 1
        underWay.set(key, shared)
        return shared.decision
      })
    },
    leave(wanted) {
      for (const one of wanted) {
        const key = sharedKey(one)
        const shared = key === null ? undefined : underWay.get(key)
        if (key === null || shared === undefined) continue
        shared.attempts -= 1
        if (shared.attempts === 0) underWay.delete(key)
      }
    },
  }
}
