// What keyed requests did, kept for their repeats, by cart, key and caller.
import { answerTable, fromAnswer } from '../rows/answer-row.ts'
import { insertAll, type Part } from './statement-part.ts'

export const keepAnswers: Part = {
  name: 'keep_answers',
  columns: answerTable.types,
  rowsOf: ({ cartId, answers }) => answers.map((answer) => fromAnswer(cartId, answer)),
  sql: (rows, isWritten) => insertAll('answers', answerTable.columns, rows, isWritten),
}

/** The changes of a group whose answer keys are used already. */
export const usedKeys = (rows: string): string => `
  select distinct r.change_index from ${rows}
  join answers a on a.user_id = r.user_id and a.key = r.key and a.caller = r.caller`
