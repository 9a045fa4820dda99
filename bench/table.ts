// Results as a Markdown table.

export const toTable = (
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string => {
  const widths = headings.map((heading, at) =>
    Math.max(heading.length, ...rows.map((row) => (row[at] ?? '').length)),
  )
  const toLine = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const rule = widths.map((width) => '-'.repeat(width))
  return `${[toLine(headings), toLine(rule), ...rows.map(toLine)].join('\n')}\n`
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

export const fixed = (value: number, digits: number): string => value.toFixed(digits)
