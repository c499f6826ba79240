/** The pretend Entra: one directory that signs people in like Microsoft's, for trying things out and for tests. Never for anything real. */
import { createAdminConsent } from './admin-consent.ts'
import { createAnswers } from './answers.ts'
import { createAuthorize } from './authorize.ts'
import { createBrowserSessions } from './browser-sessions.ts'
import { createClock } from './clock.ts'
import { createConsents } from './consents.ts'
import { type Control, createControl } from './control.ts'
import { type ControlServer, type ControlServerParts, startControlServer } from './control-server.ts'
import { createDirectory, type NewPerson } from './directory.ts'
import { createEndpoints } from './endpoints.ts'
import { createGrants } from './grants.ts'
import { createGraph } from './graph.ts'
import type { NewGroup } from './groups.ts'
import { createKeyRing } from './keys.ts'
import { openPort } from './listen.ts'
import { createLogout } from './logout.ts'
import { createManagedIdentity } from './managed-identity.ts'
import type { Application } from './registration.ts'
import { createTokenEndpoint } from './token.ts'

export interface EmulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** Where to listen; without it on the loopback, IPv4 and IPv6. */
  readonly host?: string
  /** Under which address it is known, where that is not `http://localhost:<port>`; issuers and all addresses follow it. */
  readonly origin?: string
  /** Opens the control on this port of the loopback (0: a free one); without it there is none but `control`. */
  readonly controlPort?: number
  /** Seconds since 1970. */
  readonly now?: () => number
  /** Further people, beside the four of the directory. */
  readonly people?: readonly NewPerson[]
  /** Further groups, with what they belong to. One that is not described here has no name and belongs to none. */
  readonly groups?: readonly NewGroup[]
  /** What the registration of the application says differently; redirect URIs are added to the two that are always there. */
  readonly application?: Partial<Application>
}

export interface Emulator {
  /** `http://localhost:<port>`: the authority, without a path. */
  readonly origin: string
  readonly control: Control
  /** Where the control listens; null without one. */
  readonly controlOrigin: string | null
  close(): Promise<void>
}

/** Starts the pretend Entra. Rejects when the port is taken. Nothing outlives `close`, and nothing is kept on disk. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { people, application, groups } = options
  const clock = createClock(options.now ?? (() => Date.now() / 1000))
  const { now } = clock
  const directory = createDirectory(people, application, groups)
  const keys = await createKeyRing(now)
  const { serve, ...opened } = await openPort(options)
  const origin = options.origin ?? opened.origin

  const answers = createAnswers({ directory, origin, now })
  const grants = createGrants(now)
  const browserSessions = createBrowserSessions(now)
  const consents = createConsents()
  const { control, backstage } = createControl({
    ...{ directory, keys, grants, browserSessions, clock, consents },
    answerProblem: (problem) => (request, response) => answers.problem(problem, request, response),
  })
  const { takeForgery, takeRefusal } = backstage
  const authorize = createAuthorize({ directory, browserSessions, consents, grants, answers, takeRefusal, now })
  const token = createTokenEndpoint({ directory, consents, grants, keys, answers, takeForgery, origin, now })
  const logout = createLogout({ directory, browserSessions, answers, origin })
  const adminConsent = createAdminConsent(directory, consents, answers)
  const managedIdentity = createManagedIdentity({ keys, origin, now })
  const graph = createGraph({ directory, grants, takeFailure: backstage.takeFailure, origin, now })
  serve({
    request: createEndpoints({
      directory,
      keys,
      answers,
      authorize,
      token,
      logout,
      adminConsent,
      graph,
      managedIdentity,
      backstage,
      origin,
    }),
  })
  const { controlPort } = options
  const stage = { control, directory, answers, origin }
  const server = controlPort === undefined ? null : await openControl(controlPort, stage, opened.close)
  return {
    ...{ origin, control },
    controlOrigin: server?.origin ?? null,
    close: async () => {
      await Promise.all([server?.close(), opened.close()])
    },
  }
}

/** What was opened before is closed again when the port of the control is taken. */
async function openControl(port: number, stage: ControlServerParts, undo: () => Promise<void>): Promise<ControlServer> {
  try {
    return await startControlServer(port, stage)
  } catch (error) {
    await undo()
    throw error
  }
}
