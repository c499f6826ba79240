/**
 * The configuration as it is now, read again as often as one likes: what has not changed is not read again and keeps its objects;
 * a tenant with an issue keeps its last valid form; nobody else is affected.
 */
import { dirname, resolve } from 'node:path'
import type { Gateway } from '../core/gateway.ts'
import { deepFreeze, isSame, keepSame } from '../core/same.ts'
import { compileServer, compileSession } from './compile.ts'
import { compileProvider } from './compile-provider.ts'
import { areUnchanged, createFiles, type Used } from './files.ts'
import { ConfigError, type Issue, issueOfFile } from './issues.ts'
import { type MainFile, readMainFile, type SettingsDraft } from './main-file.ts'
import { providerDraft } from './provider-draft.ts'
import type { Environment } from './references.ts'
import type { Document } from './schema.ts'
import { compileBreakGlass } from './schema-break-glass.ts'
import { hostMaps, type Providers, type StandingByName, standUp } from './standing.ts'
import { type Folder, foldersOf, readTenantFile, secretFoldersOf, tenantNameOf } from './tenant-files.ts'
import { type Around, readTenant, type TenantRead, type TenantText } from './tenant-text.ts'

export interface LoadOptions {
  readonly env: Environment
  /** Check only: what references name need not exist. The gateway that comes out must not be served. */
  readonly withoutSecrets?: boolean
  /** Seconds since 1970. */
  readonly clock?: () => number
}

export interface Loaded {
  readonly gateway: Gateway
  /** Everything that `check` would print. */
  readonly issues: readonly Issue[]
  /** Those of no tenant that is served: folders that cannot be read, files whose name another has. */
  readonly passedOver: readonly Issue[]
  readonly written: Written
}

/** What the files say, also of what is switched off, with holes where a value is not known. */
export interface Written {
  readonly providers: NonNullable<SettingsDraft['providers']>
  readonly tenants: readonly TenantRead[]
}

export interface Loader {
  /**
   * @throws ConfigError where the operator's file itself has an issue, or leaves nothing to be served: then nothing changes.
   */
  load(): Loaded
  /** Absolute paths of the folders in which something stands that was read last, also where that failed. */
  folders(): readonly string[]
}

/** What all tenants are read against; another object once it says something else. */
interface Surroundings extends Around {
  /** Folders with secrets of tenants. */
  readonly secrets: readonly string[]
  readonly allowInlineSecrets: boolean
}

/** What is known of one tenant file. */
interface Held {
  readonly used: readonly Used[]
  readonly within: Surroundings
  readonly read: TenantRead
}

export function createLoader(path: string, options: LoadOptions): Loader {
  const files = createFiles()
  const { env, withoutSecrets = false, clock = () => Date.now() / 1_000 } = options
  const base = dirname(path)
  let main: { readonly file: MainFile; readonly used: readonly Used[] } | null = null
  let within: Surroundings | null = null
  let gateway: Gateway | null = null
  let shared: Providers = new Map()
  let standing: StandingByName = new Map()
  let held: ReadonlyMap<string, Held> = new Map()
  const inline = new WeakMap<TenantText, Pick<Held, 'within' | 'read'>>()
  let watched: readonly string[] = [resolve(base)]

  function readMain(now: number): MainFile {
    if (main !== null && areUnchanged(main.used)) return main.file
    const { result, used } = files.watching(() => readMainFile(path, { env, withoutSecrets, files, now }))
    main = { file: result, used }
    return result
  }

  function surroundingsOf({ draft, defaults, mayHoldSecrets }: MainFile): Surroundings {
    const secrets = secretFoldersOf(draft.tenantFiles, base)
    const next: Surroundings = { ...aroundOf(draft, defaults), secrets, allowInlineSecrets: mayHoldSecrets }
    return within !== null && isSame(comparable(within), comparable(next)) ? within : next
  }

  function readFolders(folders: readonly Folder[], around: Surroundings, now: number): ReadonlyMap<string, Held> {
    const next = new Map<string, Held>()
    for (const folder of folders) {
      // A folder that cannot be read says nothing about its tenants: they stay as they are.
      const paths = folder.files ?? [...held.keys()].filter((each) => dirname(each) === folder.path)
      for (const each of paths) {
        const known = held.get(each)
        const isKept =
          known !== undefined && (folder.files === null || (known.within === around && areUnchanged(known.used)))
        next.set(each, isKept ? known : readFile(each, around, now))
      }
    }
    return next
  }

  /** A defect of ours that one file brings to light must not take everybody else's configuration with it. */
  function readFile(each: string, around: Surroundings, now: number): Held {
    try {
      return readTenantOf(each, around, now)
    } catch (error) {
      const kind = error instanceof Error ? error.name : 'unknown'
      const issue = issueOfFile(
        each,
        `this could not be read, which is a defect of the gateway (${kind}): please report it`,
      )
      return { used: [{ path: each, isUnchanged: () => false }], within: around, read: withoutText(each, [issue]) }
    }
  }

  function readTenantOf(each: string, around: Surroundings, now: number): Held {
    const { secrets, allowInlineSecrets } = around
    const { text, issues, used } = readTenantFile(each, {
      ...{ env, withoutSecrets, files, now, secrets, allowInlineSecrets },
    })
    // Only what was made out is kept: the text with all its places takes many times the room.
    return { used, within: around, read: text === null ? withoutText(each, issues) : readTenant(text, around, now) }
  }

  function readInline(text: TenantText, around: Surroundings, now: number): TenantRead {
    const known = inline.get(text)
    if (known?.within === around) return known.read
    const read = readTenant(text, around, now)
    inline.set(text, { within: around, read })
    return read
  }

  function providersOf(settings: Pick<Document, 'providers'>): Providers {
    const next = settings.providers.map((each) => {
      return [each.name, keepSame(shared.get(each.name), compileProvider(each, each.name))] as const
    })
    const isKept = next.length === shared.size && next.every(([name, each]) => shared.get(name) === each)
    return isKept ? shared : new Map(next)
  }

  function load(): Loaded {
    const now = clock()
    const file = readMain(now)
    const { settings, draft } = file
    const around = surroundingsOf(file)
    const folders = foldersOf(draft.tenantFiles, base)
    const next = readFolders(folders, around, now)
    const ofFolders = folders.flatMap(({ issues }) => issues)
    const named = [base, ...folders.map((folder) => folder.path), ...around.secrets]
    const used = [...(main?.used ?? []), ...[...next.values()].flatMap((each) => each.used)]
    watched = [...new Set([...named, ...used.map((each) => dirname(each.path))].map((folder) => resolve(folder)))]
    const reads = [
      ...file.tenants.map((text) => readInline(text, around, now)),
      ...[...next.values()].map(({ read }) => read),
    ]
    if (settings === null) {
      throw new ConfigError([...file.issues, ...ofFolders, ...reads.flatMap(({ issues }) => issues)])
    }
    const providers = providersOf(settings)
    const breakGlass = keepSame(gateway?.breakGlass, compileBreakGlass(settings.breakGlass))
    const stood = standUp(reads, { providers, breakGlass }, standing)
    const issues = [...ofFolders, ...stood.tenants.flatMap((each) => each.issues), ...stood.conflicts]
    const server = keepSame(gateway?.server, compileServer(settings.server))
    const hosts = hostMaps(stood, server.console)
    const isUseless = hosts.tenants.length === 0 && issues.length > 0 && settings.tenantFiles === undefined
    if (isUseless && gateway === null) throw new ConfigError(issues)
    // From here on nothing fails: what is remembered is of one piece.
    within = around
    held = next
    shared = providers
    standing = stood.standing
    gateway = deepFreeze({
      server,
      session: keepSame(gateway?.session, compileSession(settings.session, base)),
      breakGlass,
      ...hosts,
      troubles: keepTroubles(gateway?.troubles ?? [], stood.troubles),
    })
    const written = { providers: draft.providers ?? [], tenants: stood.tenants }
    return { gateway, issues, passedOver: [...ofFolders, ...stood.passedOver], written }
  }

  return { load, folders: () => watched }
}

function aroundOf(draft: SettingsDraft, defaults: TenantText): Around {
  const providers = (draft.providers ?? [undefined]).map(providerDraft)
  const { tls, management, consoleUrl } = draft.server ?? {}
  return { defaults, providers, listensWithTls: tls !== undefined, management, consoleUrl }
}

/** What of it decides how a tenant is read. */
function comparable({ defaults, ...others }: Surroundings) {
  return { ...others, defaults: defaults.value, unknown: [...defaults.unknown] }
}

/** A file of which nothing can be made out but its name. */
function withoutText(file: string, issues: readonly Issue[]): TenantRead {
  const namesake = issueOfFile(file, 'another tenant has this name')
  const nothing = { document: null, draft: {}, claims: [], isOff: false } as const
  return { name: tenantNameOf(file), file, inFile: true, ...nothing, issues, namesake }
}

/** Tenant by tenant the same objects where they say the same, and the same list where all do. */
function keepTroubles(before: Gateway['troubles'], now: Gateway['troubles']): Gateway['troubles'] {
  const known = new Map(before.map((each) => [each.tenant, each]))
  const kept = now.map((each) => keepSame(known.get(each.tenant), each))
  return kept.length === before.length && kept.every((each, place) => each === before[place]) ? before : kept
}
