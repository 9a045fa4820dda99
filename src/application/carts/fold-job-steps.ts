// Folds what several commands of one write do to jobs into what the store has to do, at most one thing
// to a job that exists.
import type { Command } from '../../domain/cart/commands.ts'
import type { CartEvent } from '../../domain/cart/events.ts'
import { type JobEffect, react } from '../../domain/cart/react.ts'
import type { JobChanges } from '../../ports/store.ts'

export type JobStep =
  | JobEffect
  | { readonly type: 'finish'; readonly jobId: string }
  | { readonly type: 'revive'; readonly jobId: string }

/** What a decided command does to jobs. The job whose outcome it records is done with, one way or another. */
export const jobSteps = (command: Command, events: readonly CartEvent[]): readonly JobStep[] => {
  const effects = events.flatMap(react)
  if (command.type === 'record-outcome') {
    const own = effects.find((e) => e.type !== 'put' && e.jobId === command.jobId)
    if (own === undefined) return [...effects, { type: 'finish', jobId: command.jobId }]
    // Its worker is through with it, so a job that goes on goes back to the queue.
    return effects.map((e) => (e === own && e.type === 'cancel' ? { ...e, type: 'revive' } : e))
  }
  // A buried job that nothing waits for any more.
  if (command.type === 'requeue-job' && events.length === 0) {
    return [{ type: 'finish', jobId: command.jobId }]
  }
  return effects
}

const nothing: JobChanges = {
  put: [],
  cancelled: [],
  revived: [],
  requeued: [],
  buried: [],
  finished: [],
}

export const toJobChanges = (steps: readonly JobStep[]): JobChanges => {
  const put = steps.flatMap((step) => (step.type === 'put' ? [step.job] : []))
  // An addition asks for a call and nothing else.
  if (put.length === steps.length) return { ...nothing, put }
  const last = new Map<string, Step>()
  for (const step of steps) {
    if (step.type !== 'put') last.set(step.jobId, follow(last.get(step.jobId), step))
  }
  const those = (type: JobStep['type']) =>
    [...last.values()].filter((step) => step.type === type).map((step) => step.jobId)
  return {
    put,
    cancelled: those('cancel'),
    revived: those('revive'),
    requeued: those('requeue'),
    buried: [...last.values()].flatMap((step) =>
      step.type === 'bury' ? [{ id: step.jobId, reason: step.reason }] : [],
    ),
    finished: [...those('finish'), ...those('drop')],
  }
}

type Step = Exclude<JobStep, { type: 'put' }>

// Buried and called off in one write, or called off and requeued: no worker has the job, so it has to go
// back to the queue, and what it has to do there is to undo.
const follow = (earlier: Step | undefined, step: Step): Step => {
  const isCalledOff = earlier?.type === 'cancel' || earlier?.type === 'revive'
  const goesBack =
    step.type === 'cancel' ? earlier !== undefined && earlier.type !== 'cancel' : isCalledOff
  return goesBack && (step.type === 'cancel' || step.type === 'requeue')
    ? { type: 'revive', jobId: step.jobId }
    : step
}
