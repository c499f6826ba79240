/** Asks a person at a terminal for what nobody may read over their shoulder. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** Questions go to standard error, and what is typed to nowhere. @throws where the person ends it (Ctrl-C, Ctrl-D). */
export async function askUnseen(questions: readonly string[]): Promise<readonly string[]> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  const typed = lines[Symbol.asyncIterator]()
  lines.once('SIGINT', () => lines.close())
  const answers: string[] = []
  try {
    for (const question of questions) {
      process.stderr.write(question)
      const { value, done } = await typed.next()
      process.stderr.write('\n')
      if (done) throw new Error('ended before all was answered')
      answers.push(value)
    }
    return answers
  } finally {
    lines.close()
  }
}
