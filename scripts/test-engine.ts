// Does a version of Node satisfy what package.json asks for? Knows the two forms that stand there:
// `^24.21` (that major, at least that minor) and `>=26`, joined by `||`.

const isServedByOne = (version: readonly number[], range: string): boolean => {
  const [, operator, text = ''] = /^\s*(\^|>=)\s*([\d.]+)\s*$/.exec(range) ?? []
  if (operator === undefined) throw new Error(`engines.node of package.json: "${range}" is unknown`)
  const least = text.split('.').map(Number)
  if (operator === '^' && version[0] !== least[0]) return false
  for (const [place, number] of least.entries()) {
    const difference = (version[place] ?? 0) - number
    if (difference !== 0) return difference > 0
  }
  return true
}

export const isServedBy = (version: string, engines: string): boolean => {
  const numbers = version.split('.').map(Number)
  return engines.split('||').some((range) => isServedByOne(numbers, range))
}
