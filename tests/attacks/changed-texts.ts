/** A text that somebody holds, with every byte of it changed in turn: for whatever is signed, sealed or guessed at. */
import type { Reply } from '../visitor.ts'

/** Every character replaced, left out, and there twice: three texts for each, none of them the text itself. */
export function changedTexts(text: string): readonly string[] {
  return [...text].flatMap((letter, at) => {
    const [before, after] = [text.slice(0, at), text.slice(at + 1)]
    return [before + (letter === 'A' ? 'B' : 'A') + after, before + after, before + letter + letter + after]
  })
}

/** Its beginnings, each filled up to its length with what is not there: a right beginning must be worth nothing. */
export function rightBeginnings(text: string): readonly string[] {
  return [...text].map(
    (_, at) => text.slice(0, at) + text.slice(at).replace(/[\w-]/g, (each) => (each === 'A' ? 'B' : 'A')),
  )
}

/** Asks with each of the texts, some at a time. */
export async function askWithAll(
  texts: readonly string[],
  ask: (text: string) => Promise<Reply>,
): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  for (let from = 0; from < texts.length; from += 50) {
    replies.push(...(await Promise.all(texts.slice(from, from + 50).map(ask))))
  }
  return replies
}
