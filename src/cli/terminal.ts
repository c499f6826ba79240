/** Asks a person at a terminal, line by line. */
import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { isColourful } from './colour.ts'
import type { Terminal } from './init-questions.ts'

/** Questions go to standard error, so that what a command prints can be redirected. */
export function openTerminal(): Pick<Terminal, 'ask' | 'say'> & { close(): void } {
  const { stdin: input, stderr: output } = process
  const bold = (text: string) => (isColourful(output) ? styleText('bold', text, { validateStream: false }) : text)
  const lines = createInterface({ input, output, terminal: true, historySize: 0 })
  // Kept one after the other, also those that are pasted before their question.
  const typed = lines[Symbol.asyncIterator]()
  lines.once('SIGINT', () => lines.close())
  return {
    async ask(question) {
      lines.setPrompt(bold(question))
      lines.prompt()
      const { value, done } = await typed.next()
      // Ctrl-C or Ctrl-D.
      if (done) throw new Error('ended before all was answered: nothing was written')
      return value.trim()
    },
    say: (line) => void output.write(`${line}\n`),
    close: () => lines.close(),
  }
}

export function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}
