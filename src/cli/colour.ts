/** Whether what is written somewhere may have colours. */

/** https://no-color.org, https://force-color.org: Node reads both. */
export function isColourful(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.hasColors()
}
