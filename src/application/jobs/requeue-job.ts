// For operators: gives a buried job another try.
import type { JobStore } from '../../ports/store.ts'
import type { ChangeCart } from '../carts/change-cart.ts'
import { type CommandResult, refused } from '../carts/command-request.ts'

/** @param form names the encoder of the answer. */
export type RequeueJob = (jobId: string, form: string) => Promise<CommandResult>

type Parts = { readonly store: Pick<JobStore, 'findJob'>; readonly changeCart: ChangeCart }

export const requeueJobs =
  ({ store, changeCart }: Parts): RequeueJob =>
  async (jobId, form) => {
    const job = await store.findJob(jobId)
    if (job === null || job.buriedAt === null) {
      return refused('job-not-found', `There is no buried job ${jobId}.`)
    }
    const { cartId, kind: jobKind, itemId, key } = job
    const intent = { type: 'requeue-job', jobId, jobKind, itemId, key } as const
    return changeCart({ cartId, intent, actor: 'operator', form })
  }
