// Jobs as operators see them.
import type { Job } from '../../../ports/store.ts'

export const toJobView = (job: Job) => ({
  id: job.id,
  kind: job.kind,
  user_id: job.cartId,
  item_id: job.itemId,
  attempts: job.attempts,
  last_error: job.lastError,
  buried_at: job.buriedAt === null ? null : new Date(job.buriedAt).toISOString(),
})
