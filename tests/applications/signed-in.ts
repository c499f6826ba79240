/** A person's cookies, for requests that are written by hand. */
import type { Stage } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'

/** Signs the person in, and gives the `Cookie` line of their session. */
export async function cookieLine(stage: Stage, username: string, path: string): Promise<string> {
  const visitor = createVisitor()
  try {
    await signIn(visitor, stage.origin + path, username)
    return `Cookie: ${visitor.cookies(stage.origin).join('; ')}`
  } finally {
    visitor.close()
  }
}
