// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { stringify } from 'yaml'
import { ConfigError, formatIssue } from '../../src/config/issues.ts'
import { createLoader, type LoadOptions } from '../../src/config/loader.ts'
import type { Gateway, Tenant } from '../../src/core/gateway.ts'
import { createAuthority } from '../certificates.ts'
import { secretOf } from '../credentials.ts'
import { env, folderWith, minimal, tenant, write } from './written.ts'

type Json = Record<string, unknown>

const { tenants: _, ...shared } = minimal()
const operators: Json = { ...shared, tenantFiles: { path: 'tenants/*.yaml', secrets: 'secrets' } }

/** What a tenant file holds: the name is that of the file. */
function own(name: string, more: Json = {}): string {
  const { name: _name, ...rest } = tenant(name, more)
  return stringify(rest)
}

/** A folder with an operator's file and tenant files, and a loader on it. */
function scene(tenants: Readonly<Record<string, string>>, main: Json = operators, options: Partial<LoadOptions> = {}) {
  const files = Object.entries(tenants).map(([name, text]) => [`tenants/${name}.yaml`, text] as const)
  const root = folderWith({ 'sallyport.yaml': stringify(main), ...Object.fromEntries(files) })
  const loader = createLoader(join(root, 'sallyport.yaml'), { env, ...options })
  const path = (name: string) => join(root, `tenants/${name}.yaml`)
  return {
    root,
    ...loader,
    path,
    load: () => loader.load().gateway,
    whole: () => loader.load(),
    issues: () => loader.load().issues.map(({ path: at, message }) => `${at}: ${message}`),
    put: (name: string, text: string) => write(path(name), text),
    remove: (name: string) => rmSync(path(name)),
    main: (file: Json | string) =>
      write(join(root, 'sallyport.yaml'), typeof file === 'string' ? file : stringify(file)),
  }
}

const served = (gateway: Gateway): readonly string[] => gateway.tenants.map(({ name }) => name).toSorted()
function find(gateway: Gateway, name: string): Tenant {
  return gateway.tenants.find((each) => each.name === name) ?? assert.fail(`${name} is not served`)
}
function upstreamOf(found: Tenant, route = 0) {
  const to = found.routes[route]?.to
  return to?.act === 'forward' ? to.upstream : assert.fail('no upstream')
}
const troublesOf = ({ troubles }: Gateway) => troubles.map((each) => `${each.tenant} ${each.served}`)

describe('load takes tenants from files of their own', () => {
  test('named after their files, beside those of the operator’s file', () => {
    const { load } = scene(
      { wiki: own('wiki'), shop: `${own('shop')}name: shop\n` },
      { ...operators, tenants: minimal().tenants },
    )
    const gateway = load()
    assert.deepEqual(served(gateway), ['payroll', 'shop', 'wiki'])
    assert.equal(gateway.tenantsByHost.get('wiki.contoso.com')?.name, 'wiki')
    assert.deepEqual(gateway.troubles, [])
  })

  test('from several folders, and only what fits the pattern', () => {
    const main = { ...operators, tenantFiles: { path: ['tenants/*.yaml', 'more/eu-*.yml'] } }
    const { load, root } = scene({ wiki: own('wiki') }, main)
    write(join(root, 'more/eu-shop.yml'), own('shop'))
    write(join(root, 'more/us-shop.yml'), own('us'))
    write(join(root, 'tenants/.hidden.yaml'), 'garbage: [')
    write(join(root, 'tenants/readme.txt'), 'garbage: [')
    write(join(root, 'tenants/wiki.yaml~'), 'garbage: [')
    assert.deepEqual(served(load()), ['eu-shop', 'wiki'])
  })

  test('also where there is none yet', () => {
    const { load, root, put } = scene({ a: own('a') })
    rmSync(join(root, 'tenants/a.yaml'))
    const gateway = load()
    assert.deepEqual([gateway.tenants, gateway.troubles], [[], []])
    put('wiki', own('wiki'))
    assert.deepEqual(served(load()), ['wiki'])
  })

  test('with providers of their own, whose secrets are theirs', () => {
    const provider = { ...minimal().providers[0], name: 'own', credential: { secret: '${file:client-secret}' } }
    const { load, root } = scene({ wiki: own('wiki', { providers: [provider] }) })
    write(join(root, 'secrets/wiki/client-secret'), 'of-the-wiki\n')
    const found = find(load(), 'wiki').providers[0]
    assert.deepEqual([found.name, secretOf(found)], ['wiki/own', 'of-the-wiki'])
  })

  test('and lets them name neither the gateway’s secrets nor its files (T125)', () => {
    const provider = (secret: string) => ({ ...minimal().providers[0], name: 'own', credential: { secret } })
    const file = (secret: string) => own('wiki', { providers: [provider(secret)] })
    for (const secret of [
      '${env:SESSION}',
      '${env:SESSION:-x}',
      '${file:../sallyport.yaml}',
      '${file:/etc/hostname}',
    ]) {
      const { whole } = scene({ wiki: file(secret) })
      const { gateway, issues } = whole()
      assert.equal(issues[0]?.path, 'providers[0].credential.secret', secret)
      const allowed = 'a file of the tenant’s own, such as ${file:client-secret}, or ${env:TENANT_WIKI_NAME}'
      assert.equal(issues[0]?.allowed, allowed, secret)
      assert.deepEqual([served(gateway), gateway.closedHosts.get('wiki.contoso.com')?.why], [[], 'broken'])
    }
    const { issues } = scene({ wiki: own('wiki', { tls: { cert: '/etc/ssl/cert.pem', key: '../session' } }) })
    assert(issues().filter((line) => line.includes('only the tenant’s own secrets')).length === 2)
  })

  test('and lets them not use the gateway’s own identity, which would go to whatever sign-in service they name (T125)', () => {
    for (const federated of ['workload-identity', 'managed-identity']) {
      const provider = { ...minimal().providers[0], name: 'own', credential: { federated } }
      const lines = scene({ wiki: own('wiki', { providers: [provider] }) }).issues()
      assert.match(lines.join(), /credential\.federated: a tenant file cannot use the identity of the gateway/)
      assert.deepEqual(scene({}, { ...shared, tenants: [tenant('a', { providers: [provider] })] }).issues(), [])
    }
  })

  test('and gives them no access tokens of a shared provider, which may be for the API of another (T125)', () => {
    const headers = { accessToken: { scope: 'https://graph.microsoft.com/.default' } }
    const provider = { ...minimal().providers[0], name: 'own', credential: { secret: '${file:client-secret}' } }
    const inRoute = { routes: [{ path: '/', access: 'signed-in', headers }] }
    for (const more of [{ headers }, inRoute, { headers, providers: ['contoso', provider] }]) {
      const lines = scene({ wiki: own('wiki', more) }).issues()
      assert.match(
        lines.join(),
        /headers\.accessToken: a tenant file can ask for access tokens only of providers of its/,
      )
    }
    const { issues, root } = scene({ wiki: own('wiki', { headers, providers: [provider] }) })
    write(join(root, 'secrets/wiki/client-secret'), 'of-the-wiki\n')
    assert.deepEqual(issues(), [])
    assert.deepEqual(scene({}, { ...shared, tenants: [tenant('a', { headers })] }).issues(), [])
    assert.deepEqual(scene({ wiki: own('wiki') }, { ...operators, defaults: { headers } }).issues(), [])
  })

  test('and lets them name no socket, which may belong to anything on the machine (T125)', () => {
    const upstream = { url: 'http://docker', socket: '/run/docker.sock' }
    const inRoute = { routes: [{ path: '/', access: 'public', upstream }] }
    for (const more of [{ upstream }, inRoute]) {
      const [line] = scene({ wiki: own('wiki', more) }).issues()
      assert.match(line ?? '', /socket: a tenant file cannot name a socket/)
    }
    assert.deepEqual(scene({}, { ...shared, tenants: [tenant('a', { upstream })] }).issues(), [])
    assert.deepEqual(
      scene({ wiki: own('wiki') }, { ...operators, defaults: { upstream: { socket: '/run/a' } } }).issues(),
      [],
    )
  })

  test('and lets them reach no metadata address (T125)', () => {
    for (const url of ['http://169.254.169.254', 'http://[fe80::1]', 'http://168.63.129.16', 'http://2852039166']) {
      const [line] = scene({ wiki: own('wiki', { upstream: { url } }) }).issues()
      assert.match(line ?? '', /^upstream\.url: this is a link-local or metadata address/)
    }
  })
})

describe('load keeps objects', () => {
  const two = { wiki: own('wiki', { roles: [{ name: 'a', appRoles: ['A'] }] }), shop: own('shop') }

  test('all of them where nothing has changed, also where a file was only touched', () => {
    const { load, put, main } = scene(two)
    const before = load()
    put('wiki', `# a comment\n${two.wiki}`)
    main({ ...operators, allowInlineSecrets: false })
    const now = load()
    assert.equal(now.server, before.server)
    assert.equal(now.session, before.session)
    assert.equal(now.troubles, before.troubles)
    for (const name of ['wiki', 'shop']) assert.equal(find(now, name), find(before, name))
  })

  test('of everybody but the tenant whose roles have changed (T126)', () => {
    const { load, put } = scene(two)
    const before = load()
    put('wiki', own('wiki', { roles: [{ name: 'b', appRoles: ['A'] }] }))
    const now = load()
    assert.equal(find(now, 'shop'), find(before, 'shop'))
    assert.deepEqual(
      find(now, 'wiki').roles.map(({ name }) => name),
      ['b'],
    )
    assert.equal(find(now, 'wiki').providers[0], find(before, 'wiki').providers[0])
    assert.equal(find(now, 'wiki').routes[0]?.to, find(before, 'wiki').routes[0]?.to)
  })

  test('of upstreams and destinations, however the routes are shifted', () => {
    const routes = (...paths: readonly string[]) => ({
      routes: paths.map((path) => ({ path, access: 'public', upstream: { url: `http://${path.slice(1)}.internal` } })),
    })
    const { load, put } = scene({ wiki: own('wiki', routes('/a', '/b')) })
    const before = find(load(), 'wiki')
    put('wiki', own('wiki', routes('/new', '/b', '/a')))
    const now = find(load(), 'wiki')
    assert.equal(upstreamOf(now, 2), upstreamOf(before, 0))
    assert.equal(now.routes[1]?.to, before.routes[1]?.to)
  })

  test('of the upstream where only the headers for it have changed', () => {
    const { load, put } = scene({ wiki: own('wiki') })
    const before = find(load(), 'wiki')
    put('wiki', own('wiki', { headers: { presets: ['x-forwarded'] } }))
    const now = find(load(), 'wiki')
    assert.equal(upstreamOf(now), upstreamOf(before))
    assert.notEqual(now.routes[0]?.to, before.routes[0]?.to)
  })

  test('of certificates and of the list of session secrets', () => {
    const pair = createAuthority().issue('DNS:wiki.contoso.com')
    const root = folderWith({ 'own.crt': pair.cert, 'own.key': pair.key })
    const files = { cert: join(root, 'own.crt'), key: join(root, 'own.key') }
    const main = (level: string): Json => ({
      ...shared,
      server: { tls: files, log: { level } },
      tenants: [tenant('wiki', { tls: files })],
    })
    const { load, main: change } = scene({}, main('info'))
    const before = load()
    change(main('debug'))
    const now = load()
    assert.equal(now.server.log.level, 'debug')
    assert.equal(now.server.tls, before.server.tls)
    assert.equal(now.tenants[0], before.tenants[0])
    assert.equal(now.session.secrets, before.session.secrets)
  })

  test('of a tenant’s own provider where something else of the tenant has changed', () => {
    const provider = { ...minimal().providers[0], name: 'own', credential: { secret: '${env:TENANT_WIKI_SECRET}' } }
    const { load, put } = scene({ wiki: own('wiki', { providers: [provider] }) }, operators, {
      env: { ...env, TENANT_WIKI_SECRET: 'x' },
    })
    const before = find(load(), 'wiki')
    put('wiki', own('wiki', { providers: [provider], branding: { name: 'Wiki' } }))
    assert.equal(find(load(), 'wiki').providers[0], before.providers[0])
  })

  test('one for all tenants of a shared provider, also after it has changed (T126)', () => {
    const { load, main } = scene(two)
    const before = load()
    main({ ...operators, providers: [{ ...minimal().providers[0], clientId: '77777777-7777-8888-9999-000000000000' }] })
    const now = load()
    assert.notEqual(find(now, 'wiki').providers[0], find(before, 'wiki').providers[0])
    assert.equal(find(now, 'wiki').providers[0], find(now, 'shop').providers[0])
    main({ ...operators, providers: [minimal().providers[0]] })
    const again = load()
    assert.equal(find(again, 'wiki').providers[0], find(again, 'shop').providers[0])
  })

  test('frozen', () => {
    const { load, put } = scene(two)
    load()
    put('wiki', own('wiki', { branding: { name: 'W' } }))
    assert(Object.isFrozen(find(load(), 'wiki').branding))
  })
})

describe('load, when a tenant file is broken', () => {
  const fine = { wiki: own('wiki'), shop: own('shop') }

  test('keeps the tenant’s last valid form, says where, and touches nobody else', () => {
    const { load, put, path } = scene(fine)
    const before = load()
    put('wiki', `${own('wiki')}colour: red\n`)
    const now = load()
    assert.equal(find(now, 'wiki'), find(before, 'wiki'))
    assert.equal(find(now, 'shop'), find(before, 'shop'))
    const [trouble, ...more] = now.troubles
    assert.deepEqual(more, [])
    assert.deepEqual([trouble?.tenant, trouble?.served, trouble?.issues], ['wiki', 'last-good', 1])
    assert(trouble?.issue.startsWith(`${path('wiki')}:6:1: colour: this key is not known`), trouble?.issue)
    put('wiki', own('wiki'))
    const mended = load()
    assert.deepEqual(mended.troubles, [])
    assert.equal(find(mended, 'wiki'), find(before, 'wiki'))
  })

  test('closes the host of a tenant that never was valid, and of nobody else', () => {
    const { load, put } = scene({ ...fine, wiki: own('wiki', { colour: 'red' }) })
    const gateway = load()
    assert.deepEqual(served(gateway), ['shop'])
    assert.deepEqual(gateway.closedHosts.get('wiki.contoso.com'), { tenant: 'wiki', why: 'broken' })
    assert.deepEqual(troublesOf(gateway), ['wiki not'])
    put('wiki', own('wiki'))
    const mended = load()
    assert.deepEqual([served(mended), mended.closedHosts.size, mended.troubles], [['shop', 'wiki'], 0, []])
  })

  for (const [what, text] of [
    ['half written', own('wiki').slice(0, -30)],
    ['no YAML', 'publicUrl: [https://x'],
    ['empty', ''],
    ['a list', '- a\n- b\n'],
    ['not UTF-8', '\ufffd'],
    ['full of zeros', '\0'.repeat(4_096)],
    ['more than one document', `${own('wiki')}---\n${own('shop')}`],
    ['a bomb of aliases', bomb()],
    // Each of these once held up the whole gateway, for minutes.
    ['nested too deeply', '['.repeat(130_000)],
    ['nested too deeply in mappings', '{a: '.repeat(30_000)],
    ['nested too deeply without brackets', '- '.repeat(60_000)],
    ['full of keys', Array.from({ length: 12_000 }, (_, index) => `k${index}: 1\n`).join('')],
    ['full of mistakes', '%x\n'.repeat(40_000)],
    ['larger than it may be', `${own('wiki')}# ${'x'.repeat(131_072)}`],
    ['named otherwise than its file', `${own('wiki')}name: shop\n`],
    ['a tenant without a name after all', `${own('wiki')}name:\n`],
    ['one with a path in its public URL', own('wiki', { publicUrl: 'https://contoso.com/wiki' })],
    ['one that names a provider that is not there', own('wiki', { providers: ['none'] })],
  ] as const) {
    test(`takes a file that is ${what} for a broken one`, () => {
      const { load, put } = scene(fine)
      const before = load()
      put('wiki', text)
      const now = load()
      assert.deepEqual(troublesOf(now), ['wiki last-good'])
      assert.match(now.troubles[0]?.issue ?? '', /wiki\.yaml:\d+:\d+: /)
      for (const name of ['wiki', 'shop']) assert.equal(find(now, name), find(before, name))
    })
  }

  test('says why tenants cannot differ by path alone', () => {
    const [line] = scene({ wiki: own('wiki', { publicUrl: 'https://contoso.com/wiki' }) }).issues()
    assert.equal(
      line,
      'publicUrl: a path has no place here: tenants that differ only by path share an origin, and so a cookie; make them one tenant, whose routes have an `upstream` each',
    )
  })

  test('switches the tenant off all the same, where the file says so (T126)', () => {
    const { load, put } = scene(fine)
    load()
    put('wiki', own('wiki', { enabled: false, colour: 'red' }))
    const off = load()
    assert.deepEqual(served(off), ['shop'])
    assert.deepEqual(off.closedHosts.get('wiki.contoso.com'), { tenant: 'wiki', why: 'off' })
    put('wiki', own('wiki', { colour: 'red' }))
    assert.deepEqual(served(load()), ['shop', 'wiki'])
  })

  test('does not go on with a provider that the operator has switched off (T126)', () => {
    const { load, put, main } = scene(fine)
    load()
    put('wiki', 'garbage')
    load()
    main({ ...operators, providers: [{ ...minimal().providers[0], enabled: false }] })
    assert.deepEqual(served(load()), [])
    main(operators)
    assert.deepEqual(served(load()), ['shop', 'wiki'])
  })

  test('goes on with the new secret of a shared provider (T126)', () => {
    const { load, put, main, root } = scene(fine)
    load()
    put('wiki', 'garbage')
    write(join(root, 'new-secret'), 'the-new-one')
    main({ ...operators, providers: [{ ...minimal().providers[0], credential: { secret: '${file:new-secret}' } }] })
    const now = load()
    assert.equal(secretOf(find(now, 'wiki').providers[0]), 'the-new-one')
    assert.equal(find(now, 'wiki').providers[0], find(now, 'shop').providers[0])
  })

  test('goes on with a shared provider that was taken away, since to take it away was the mistake', () => {
    const { load, main } = scene(fine)
    const before = load()
    main({ ...operators, providers: [] })
    for (let times = 0; times < 3; times++) {
      const now = load()
      assert.deepEqual(troublesOf(now), ['shop last-good', 'wiki last-good'])
      assert.equal(find(now, 'wiki'), find(before, 'wiki'))
    }
  })

  test('lets accounts of the gateway itself go at once, whatever else it goes on with (T126)', () => {
    const hash = `$scrypt$ln=17,r=8,p=1$${'a'.repeat(22)}$${'b'.repeat(43)}`
    const account = (name: string) => ({ name, password: '${env:ANNA}', tenants: ['wiki'], role: 'admin' })
    const accounts = ['anna', 'bert'].map(account)
    const file = (more: Json) => ({ ...operators, server: { consoleUrl: 'https://gate.contoso.com' }, ...more })
    const options = { env: { ...env, ANNA: hash } }
    const { load, main } = scene(fine, file({ breakGlass: { accounts } }), options)
    const names = (gateway: Gateway) => find(gateway, 'wiki').emergency.map(({ name }) => name)
    assert.deepEqual(names(load()), ['anna', 'bert'])
    main(file({ providers: [], breakGlass: { accounts: accounts.slice(1) } }))
    const now = load()
    assert.deepEqual(troublesOf(now), ['shop last-good', 'wiki last-good'])
    assert.deepEqual(names(now), ['bert'])
    main(file({ providers: [] }))
    assert.deepEqual(names(load()), [])
  })
})

/** Unfolds to 9^9 values. */
function bomb(): string {
  const rows = [...'abcdefghi'].map((name, place, all) => {
    const below = place === 0 ? '"lol"' : `*${all[place - 1]}`
    return `${name}: &${name} [${Array.from({ length: 9 }, () => below).join(',')}]`
  })
  return `${rows.join('\n')}\n`
}

describe('load, when files come and go', () => {
  test('takes a new tenant, and lets a deleted one go', () => {
    const { load, put, remove } = scene({ wiki: own('wiki') })
    load()
    put('shop', own('shop'))
    assert.deepEqual(served(load()), ['shop', 'wiki'])
    remove('wiki')
    const now = load()
    assert.deepEqual(served(now), ['shop'])
    assert.deepEqual([now.tenantsByHost.has('wiki.contoso.com'), now.closedHosts.size], [false, 0])
  })

  test('lets a tenant go whose file was broken before it was deleted', () => {
    const { load, put, remove } = scene({ wiki: own('wiki'), shop: own('shop') })
    load()
    put('wiki', 'garbage')
    load()
    remove('wiki')
    const now = load()
    assert.deepEqual([served(now), now.troubles], [['shop'], []])
  })

  test('takes a tenant again that was deleted', () => {
    const { load, put, remove } = scene({ wiki: own('wiki') })
    load()
    remove('wiki')
    load()
    put('wiki', own('wiki', { branding: { name: 'again' } }))
    assert.equal(find(load(), 'wiki').branding.name, 'again')
  })

  test('keeps the host of a tenant that is switched off, for it alone', () => {
    const { load, put } = scene({ wiki: own('wiki') })
    load()
    put('wiki', own('wiki', { enabled: false }))
    put('thief', own('thief', { publicUrl: 'https://wiki.contoso.com' }))
    const now = load()
    assert.deepEqual(served(now), [])
    assert.deepEqual(now.closedHosts.get('wiki.contoso.com'), { tenant: 'wiki', why: 'off' })
    assert.deepEqual(troublesOf(now), ['thief not'])
  })

  test('keeps all tenants of a folder that vanishes, says so, and finds it again', () => {
    const { whole, root, put } = scene({ wiki: own('wiki'), shop: own('shop') })
    const before = whole().gateway
    renameSync(join(root, 'tenants'), join(root, 'away'))
    const { gateway, passedOver, issues } = whole()
    for (const name of ['wiki', 'shop']) assert.equal(find(gateway, name), find(before, name))
    assert.deepEqual(passedOver, issues)
    assert.match(
      formatIssue(issues[0] ?? assert.fail()),
      /tenants:1:1: the folder .*tenants cannot be read \(ENOENT\)$/,
    )
    renameSync(join(root, 'away'), join(root, 'tenants'))
    put('wiki', own('wiki', { branding: { name: 'back' } }))
    const back = whole()
    assert.deepEqual(back.issues, [])
    assert.equal(find(back.gateway, 'wiki').branding.name, 'back')
  })

  test('says that a file which is named without `*` is not there', () => {
    const { whole } = scene({}, { ...operators, tenantFiles: { path: 'wiki.yaml' } })
    const { issues, passedOver } = whole()
    assert.deepEqual(
      issues.map(({ message }) => message),
      ['there is no such file'],
    )
    assert.equal(passedOver.length, 1)
  })

  test('never takes a file for a tenant whose name no tenant can have', () => {
    const { load, put } = scene({ wiki: own('wiki') })
    put('Shop', own('shop'))
    put('a.b', own('ab'))
    put('x\ny', own('xy'))
    const gateway = load()
    assert.deepEqual(served(gateway), ['wiki'])
    assert.deepEqual(troublesOf(gateway), ['Shop not', 'a.b not', 'x\\u000ay not'])
  })
})

describe('load, when two claim one thing', () => {
  test('never moves a host, and mends itself when the claim goes (T125)', () => {
    const { load, put } = scene({ wiki: own('wiki') })
    const before = load()
    put('thief', own('thief', { aliases: ['https://wiki.contoso.com'] }))
    const now = load()
    assert.equal(now.tenantsByHost.get('wiki.contoso.com'), find(before, 'wiki'))
    assert.deepEqual(troublesOf(now), ['thief not'])
    assert.match(
      now.troubles[0]?.issue ?? '',
      /thief\.yaml:\d+:\d+: aliases\[0\]: another tenant has this host \(wiki\):/,
    )
    assert.deepEqual(now.closedHosts.get('thief.contoso.com'), { tenant: 'thief', why: 'broken' })
    put('thief', own('thief'))
    assert.deepEqual(served(load()), ['thief', 'wiki'])
  })

  test('takes hosts for the same however they are written (T15)', () => {
    const { load } = scene(
      { wiki: own('wiki') },
      { ...operators, tenants: [tenant('first', { publicUrl: 'https://WIKI.contoso.com:443' })] },
    )
    const gateway = load()
    assert.equal(gateway.tenantsByHost.get('wiki.contoso.com')?.name, 'first')
    assert.deepEqual(troublesOf(gateway), ['wiki not'])
  })

  test('serves neither of two tenant files that claim one host at the start (T125)', () => {
    const { load } = scene({ a: own('x'), b: own('x') })
    const gateway = load()
    assert.deepEqual(served(gateway), [])
    assert.equal(gateway.closedHosts.get('x.contoso.com')?.why, 'broken')
    assert.deepEqual(troublesOf(gateway), ['a not', 'b not'])
    assert.match(
      gateway.troubles[0]?.issue ?? '',
      /publicUrl: another tenant wants this host too \(b\), and neither has it:/,
    )
    assert.match(
      gateway.troubles[1]?.issue ?? '',
      /publicUrl: another tenant wants this host too \(a\), and neither has it:/,
    )
  })

  test('keeps a tenant in the shard that it came from, and passes over its namesake in another', () => {
    const main = { ...operators, tenantFiles: { path: ['tenants/*.yaml', 'shard/*.yaml'] } }
    const { whole, root, remove } = scene({ wiki: own('wiki') }, main)
    write(join(root, 'shard/other.yaml'), own('other'))
    const before = whole().gateway
    write(join(root, 'shard/wiki.yaml'), own('wiki', { publicUrl: 'https://elsewhere.contoso.com' }))
    const { gateway, passedOver } = whole()
    assert.equal(find(gateway, 'wiki'), find(before, 'wiki'))
    assert.deepEqual(
      passedOver.map(({ file, message }) => [file, message]),
      [[join(root, 'shard/wiki.yaml'), 'another tenant has this name']],
    )
    remove('wiki')
    const moved = whole()
    assert.equal(find(moved.gateway, 'wiki').publicUrl.host, 'elsewhere.contoso.com')
    assert.deepEqual(moved.passedOver, [])
  })

  test('serves neither of two namesakes that are there at the start', () => {
    const main = { ...operators, tenantFiles: { path: ['tenants/*.yaml', 'shard/*.yaml'] } }
    const { whole, root } = scene({ wiki: own('wiki') }, main)
    write(join(root, 'shard/wiki.yaml'), own('wiki'))
    const { gateway, issues } = whole()
    assert.deepEqual([served(gateway), troublesOf(gateway)], [[], ['wiki not']])
    assert.equal(issues.length, 2)
  })

  test('prefers the operator’s own file to a namesake in a tenant file', () => {
    const { whole } = scene({ payroll: own('wiki') }, { ...operators, tenants: minimal().tenants })
    const { gateway, issues } = whole()
    assert.equal(find(gateway, 'payroll').publicUrl.host, 'payroll.contoso.com')
    assert.equal(issues.length, 1)
  })
})

describe('load, when secrets change', () => {
  const provider = { ...minimal().providers[0], name: 'own', credential: { secret: '${file:client-secret}' } }
  const wiki = { wiki: own('wiki', { providers: [provider] }) }
  const secretIn = (gateway: Gateway) => secretOf(find(gateway, 'wiki').providers[0])

  test('takes the new one although the YAML is the same', () => {
    const { load, root } = scene(wiki)
    write(join(root, 'secrets/wiki/client-secret'), 'one')
    assert.equal(secretIn(load()), 'one')
    write(join(root, 'secrets/wiki/client-secret'), 'two')
    assert.equal(secretIn(load()), 'two')
  })

  test('takes the new one of the operator’s file too', () => {
    const { load, root } = scene({ wiki: own('wiki') }, { ...operators, session: { secrets: ['${file:session}'] } })
    assert.throws(load, ConfigError)
    write(join(root, 'session'), 'x'.repeat(32))
    const before = load()
    write(join(root, 'session'), 'y'.repeat(32))
    const now = load()
    assert.equal(now.session.secrets[0]?.reveal(), 'y'.repeat(32))
    assert.equal(find(now, 'wiki'), find(before, 'wiki'))
  })

  test('takes one that comes after the tenant, in whichever form', () => {
    for (const place of ['secrets/wiki/client-secret', 'secrets/wiki.client-secret']) {
      const { load, root } = scene(wiki)
      assert.deepEqual(troublesOf(load()), ['wiki not'])
      write(join(root, place), 'late')
      assert.equal(secretIn(load()), 'late')
    }
  })

  test('keeps the last good form when a secret vanishes or becomes empty (T84)', () => {
    const { load, root } = scene(wiki)
    write(join(root, 'secrets/wiki/client-secret'), 'one')
    const before = load()
    for (const state of ['', null]) {
      if (state === null) rmSync(join(root, 'secrets/wiki/client-secret'))
      else write(join(root, 'secrets/wiki/client-secret'), state)
      const now = load()
      assert.equal(find(now, 'wiki'), find(before, 'wiki'))
      assert.deepEqual(troublesOf(now), ['wiki last-good'])
      assert.doesNotMatch(JSON.stringify(now.troubles), /"one"/)
    }
  })

  test('reads again where the operator names other folders for them', () => {
    const { load, root, main } = scene(wiki)
    write(join(root, 'secrets/wiki/client-secret'), 'one')
    write(join(root, 'others/wiki/client-secret'), 'two')
    assert.equal(secretIn(load()), 'one')
    main({ ...operators, tenantFiles: { path: 'tenants/*.yaml', secrets: 'others' } })
    assert.equal(secretIn(load()), 'two')
  })

  test('asks for none where it is told so, and finds the other mistakes', () => {
    const { whole } = scene({ ...wiki, shop: own('shop', { colour: 'red' }) }, operators, {
      env: {},
      withoutSecrets: true,
    })
    const { issues } = whole()
    assert.deepEqual(
      issues.map(({ path }) => path),
      ['colour'],
    )
  })
})

describe('load, when certificates change', () => {
  const day = 86_400
  const authority = createAuthority()
  const files = { cert: '${file:tls.crt}', key: 'tls.key' }

  test('judges a new one by the time at which it comes, not by that of the start', () => {
    let now = Date.now() / 1_000 - 100 * day
    const pair = authority.issue('DNS:*.contoso.com')
    const main = { ...operators, server: { tls: { cert: 'gate.crt', key: 'gate.key' } } }
    const { load, root, put } = scene({ wiki: own('wiki') }, main, { clock: () => now })
    write(join(root, 'gate.crt'), pair.cert)
    write(join(root, 'gate.key'), pair.key)
    assert.throws(load, /valid only from/)
    // A minute more: the certificate is younger than this test.
    now += 100 * day + 60
    write(join(root, 'gate.crt'), `${pair.cert}\n`)
    load()
    now += day
    const newer = authority.issue('DNS:wiki.contoso.com')
    write(join(root, 'secrets/wiki/tls.crt'), newer.cert)
    write(join(root, 'secrets/wiki/tls.key'), newer.key)
    put('wiki', own('wiki', { tls: { ...files, cert: 'tls.crt' } }))
    assert.equal(find(load(), 'wiki').certificate?.chain.trim(), newer.cert.trim())
  })

  test('keeps the old one when the new one does not fit its key, and takes both when both are there', () => {
    const [one, two] = [authority.issue('DNS:wiki.contoso.com'), authority.issue('DNS:wiki.contoso.com')]
    const gate = { 'gate.crt': one.cert, 'gate.key': one.key }
    const main = { ...operators, server: { tls: { cert: 'gate.crt', key: 'gate.key' } } }
    const { load, root } = scene({ wiki: own('wiki', { tls: { cert: 'tls.crt', key: 'tls.key' } }) }, main)
    for (const [name, text] of Object.entries(gate)) write(join(root, name), text)
    const put = (name: string, text: string) => write(join(root, 'secrets/wiki', name), text)
    put('tls.crt', one.cert)
    put('tls.key', one.key)
    const before = load()
    put('tls.crt', two.cert)
    const between = load()
    assert.equal(find(between, 'wiki'), find(before, 'wiki'))
    assert.match(between.troubles[0]?.issue ?? '', /tls\.cert: the private key is not the one of this certificate/)
    put('tls.key', two.key)
    const after = load()
    assert.equal(find(after, 'wiki').certificate?.key.reveal().trim(), two.key.trim())
    assert.equal(find(after, 'wiki').routes[0]?.to, find(before, 'wiki').routes[0]?.to)
  })
})

describe('load, when the operator’s file changes', () => {
  test('throws all issues and changes nothing where it is broken', () => {
    const { load, main, put } = scene({ wiki: own('wiki') })
    const before = load()
    for (const text of ['', '{', 'version: 1\n', stringify({ ...operators, colour: 'red' }), '[]']) {
      main(text)
      put('wiki', own('wiki', { colour: 'red' }))
      assert.throws(load, ConfigError)
    }
    main(operators)
    put('wiki', own('wiki'))
    const now = load()
    assert.equal(find(now, 'wiki'), find(before, 'wiki'))
    assert.equal(now.server, before.server)
  })

  test('keeps whom it had where it is taken away, and goes on when it is back', () => {
    const { load, root, main } = scene({ wiki: own('wiki') })
    const before = load()
    rmSync(join(root, 'sallyport.yaml'))
    assert.throws(load, /cannot be read \(ENOENT\)/)
    main(operators)
    assert.equal(find(load(), 'wiki'), find(before, 'wiki'))
  })

  test('keeps the last good form of a tenant that stands in it, and tells of its issue', () => {
    const { load, main } = scene({}, { ...shared, tenants: [tenant('a'), tenant('b')] })
    const before = load()
    main({ ...shared, tenants: [tenant('a', { colour: 'red' }), tenant('b', { branding: { name: 'B' } })] })
    const now = load()
    assert.equal(find(now, 'a'), find(before, 'a'))
    assert.equal(find(now, 'b').branding.name, 'B')
    assert.match(now.troubles[0]?.issue ?? '', /sallyport\.yaml:\d+:\d+: tenants\[0\]\.colour: this key is not known/)
  })

  test('does not start where nothing would be served', () => {
    assert.throws(scene({}, { ...shared, tenants: [tenant('a', { colour: 'red' })] }).load, ConfigError)
    assert.throws(scene({}, shared).load, /there is no tenant: name one here, or set `tenantFiles`/)
  })
})

describe('load merges the defaults', () => {
  const defaults = {
    providers: ['contoso'],
    roles: [{ name: 'staff', appRoles: ['Staff'] }],
    upstream: { url: 'http://10.0.0.1', timeouts: { connect: '9s' } },
    headers: { presets: ['x-forwarded'], encoding: 'latin1', set: { 'X-A': 'a' } },
  }
  const main = { ...operators, defaults }

  test('mapping by mapping, and lists as a whole', () => {
    const file = {
      publicUrl: 'https://wiki.contoso.com',
      roles: [{ name: 'admin', appRoles: ['Admin'] }],
      upstream: { url: 'http://10.0.0.2' },
      headers: { set: { 'X-B': 'b' } },
    }
    const wiki = find(scene({ wiki: stringify(file) }, main).load(), 'wiki')
    assert.deepEqual(
      wiki.roles.map(({ name }) => name),
      ['admin'],
    )
    assert.deepEqual([upstreamOf(wiki).hostname, upstreamOf(wiki).connectTimeoutSeconds], ['10.0.0.2', 9])
    const to = wiki.routes[0]?.to
    assert(to?.act === 'forward')
    assert.equal(to.headers.encoding, 'latin1')
    assert.deepEqual(to.headers.entries.map(({ name }) => name).slice(-2), ['X-A', 'X-B'])
  })

  test('for tenants of the operator’s file as well, down to a public URL that is all they say', () => {
    const { load } = scene({}, { ...main, tenants: [{ name: 'a', publicUrl: 'https://a.contoso.com' }] })
    const found = find(load(), 'a')
    assert.deepEqual(
      found.roles.map(({ name }) => name),
      ['staff'],
    )
    assert.equal(upstreamOf(found).hostname, '10.0.0.1')
  })

  test('and takes a change of them for all, at once', () => {
    const { load, main: change } = scene({ a: 'publicUrl: https://a.contoso.com\n', b: own('b') }, main)
    load()
    change({ ...main, defaults: { ...defaults, noRole: 'allow' } })
    assert.deepEqual(
      load().tenants.map(({ noRole }) => noRole.act),
      ['allow', 'allow'],
    )
  })

  test('and asks nothing of them that only a whole tenant has', () => {
    assert.deepEqual(
      scene({ a: own('a') }, { ...operators, defaults: { upstream: { timeouts: { idle: '5m' } } } }).issues(),
      [],
    )
  })

  test('and finds their own mistakes once, in the operator’s file', () => {
    const { whole } = scene(
      { a: own('a'), b: own('b') },
      { ...main, defaults: { ...defaults, noRole: 1, colour: 'red', name: 'x' } },
    )
    assert.throws(whole, (error) => {
      assert(error instanceof ConfigError)
      const own = error.issues.filter(({ file }) => file.endsWith('sallyport.yaml')).map(({ path }) => path)
      assert.deepEqual([...new Set(own)], ['defaults.noRole', 'defaults.colour', 'defaults.name'])
      return true
    })
  })

  test('and tells for which tenant they are wrong, where they stand', () => {
    const { whole } = scene(
      { a: own('a'), b: own('b', { roles: [{ name: 'x', appRoles: ['X'] }] }) },
      { ...main, defaults: { ...defaults, noRole: 'staff' } },
    )
    const { gateway, issues } = whole()
    assert.deepEqual(served(gateway), ['a'])
    assert.deepEqual(
      issues.map((issue) => [issue.file.endsWith('sallyport.yaml'), issue.path, issue.message]),
      [[true, 'defaults.noRole', 'this tenant has no role of this name (for the tenant b)']],
    )
    assert.deepEqual(troublesOf(gateway), ['b not'])
  })

  test('and does not mind that one has no effect for some tenant', () => {
    const all = { ...defaults, noRole: 'allow', upstream: { serverName: 'app.internal' } }
    const file = stringify({ publicUrl: 'https://a.contoso.com', roles: [], upstream: { url: 'http://10.0.0.1' } })
    assert.deepEqual(scene({ a: file }, { ...main, defaults: all }).issues(), [])
  })

  test('and places what is wrong with a route where the route stands', () => {
    const withRoutes = {
      ...main,
      defaults: { ...defaults, routes: [{ path: '/', exact: true, access: 'public', redirect: { to: '/x' } }] },
    }
    const { whole } = scene({ a: own('a', { routes: [{ path: '/y' }] }) }, withRoutes)
    const [issue] = whole().issues
    assert.deepEqual(
      [issue?.file.endsWith('a.yaml'), issue?.path, issue?.message],
      [true, 'routes[0].access', 'this is required'],
    )
    assert.deepEqual(scene({ a: 'publicUrl: https://a.contoso.com\n' }, withRoutes).issues(), [])
  })
})

test('folders names every folder in which something stands that was read, or looked for', () => {
  const { load, folders, root, put } = scene(
    { wiki: own('wiki') },
    { ...operators, session: { secrets: ['${file:keys/session}'] } },
  )
  write(join(root, 'keys/session'), 'x'.repeat(32))
  load()
  for (const folder of ['', 'tenants', 'secrets', 'keys']) assert(folders().includes(join(root, folder)), folder)
  put(
    'wiki',
    own('wiki', { providers: [{ ...minimal().providers[0], name: 'own', credential: { secret: '${file:late}' } }] }),
  )
  load()
  assert(folders().includes(join(root, 'secrets/wiki')))
})
