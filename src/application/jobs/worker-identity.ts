// Who a worker is to the store: the name that its leases carry, and the heart that keeps them.
import type { Clock } from '../../ports/clock.ts'
import type { Reporter } from '../../ports/reporter.ts'
import type { JobStore } from '../../ports/store.ts'

/** A name of this worker, for as long as it has jobs in this name. */
export type Identity = {
  readonly workerId: string
  /** Whether the store knows that it lives: others take the jobs of one that it does not know. */
  isKnown(): Promise<boolean>
  /** Does work in this name, which is kept until the work is done. */
  hold<T>(work: () => Promise<T>): Promise<T>
}

export type Identities = {
  readonly current: () => Identity
  /**
   * After a claim that failed the worker takes another name: the store may have leased it jobs that it
   * never heard of. Once the calls that it knows of are over, the heart of the old name stops, and
   * those jobs are taken over as from a worker that died.
   */
  renew(): void
  stop(): void
}

type Parts = {
  readonly store: Pick<JobStore, 'beat'>
  readonly clock: Clock
  readonly reporter: Reporter
  /** Jobs of silent workers went back to the queue. */
  readonly onTakenBack: () => void
}

type Heart = { isKnown(): Promise<boolean>; stop(): void }

type Held = Identity & { endIfIdle(): void }

export const keepIdentities = (parts: Parts, firstId: string, leaseMs: number): Identities => {
  const hearts = new Set<Heart>()
  const open = (workerId: string): Held => {
    const heart = startHeart(parts, workerId, leaseMs)
    hearts.add(heart)
    let workUnderWay = 0
    const identity: Held = {
      workerId,
      isKnown: heart.isKnown,
      hold: async (work) => {
        workUnderWay += 1
        try {
          return await work()
        } finally {
          workUnderWay -= 1
          identity.endIfIdle()
        }
      },
      endIfIdle: () => {
        if (identity === current || workUnderWay > 0) return
        heart.stop()
        hearts.delete(heart)
      },
    }
    return identity
  }
  let current = open(firstId)
  return {
    current: () => current,
    renew: () => {
      const before = current
      current = open(parts.clock.newId())
      before.endIfIdle()
    },
    stop: () => {
      for (const heart of hearts) heart.stop()
    },
  }
}

/** Reports to the store that this worker lives, and takes over from those that do not. */
const startHeart = (
  { store, clock, reporter, onTakenBack }: Parts,
  workerId: string,
  leaseMs: number,
): Heart => {
  let beatAt = Number.NEGATIVE_INFINITY
  const beat = async (): Promise<boolean> => {
    try {
      const now = clock.now()
      const takenBack = await store.beat(workerId, now, leaseMs)
      beatAt = now
      if (takenBack > 0) {
        reporter.outcomeUnknown(takenBack)
        onTakenBack()
      }
      return true
    } catch (error) {
      reporter.troubled('reporting that this worker lives', error)
      return false
    }
  }
  const timer = setInterval(() => void beat(), leaseMs / 3)
  return {
    isKnown: async () => clock.now() - beatAt < leaseMs || (await beat()),
    stop: () => clearInterval(timer),
  }
}
