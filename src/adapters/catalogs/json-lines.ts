// Where in a JSON text something is wrong, by line: JSON.parse says it only sometimes.

/** The first line up to which the text cannot be the beginning of JSON; the last one when none. */
export const findBrokenLine = (text: string): number => {
  const ends = [...text.matchAll(/\n|$/g)].map(({ index }) => index)
  let [good, bad] = [0, ends.length]
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (isBeginning(text.slice(0, ends[middle - 1]))) good = middle
    else bad = middle
  }
  return bad
}

const isBeginning = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const { message } = error as Error
    if (/end of JSON|unterminated/i.test(message)) return true
    const [, position] = /at position (\d+)/.exec(message) ?? []
    return position !== undefined && Number(position) >= text.trimEnd().length
  }
}

/** The line on which each element of the text, a JSON array, begins. */
export const findElementLines = (text: string): readonly number[] => {
  const lines: number[] = []
  let [line, depth] = [1, 0]
  let isBetween = false
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]|[,\n]|[^\s"[\]{},]+/g)) {
    if (token === '\n') {
      line += 1
      continue
    }
    if (isBetween && token !== ']') {
      lines.push(line)
      isBetween = false
    }
    if (token === '[' || token === '{') depth += 1
    else if (token === ']' || token === '}') depth -= 1
    if (depth === 1 && (token === ',' || (token === '[' && lines.length === 0))) isBetween = true
  }
  return lines
}
