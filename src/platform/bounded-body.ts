// Bodies of answers from outside, whose length is not known.

/** @throws Error when it is longer; the connection is then closed, since the rest is not read. */
export const readBoundedText = async (
  body: AsyncIterable<Buffer>,
  bytesMax: number,
): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new Error(`the answer is larger than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
