import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { type Contender, settle } from '../../src/config/ownership.ts'

const of = (name: string, ...claims: string[]): Contender => ({
  ...{ name, claims, inFile: true, valid: true, before: null },
})
const inline = (name: string, ...claims: string[]): Contender => ({ ...of(name, ...claims), inFile: false })
const had = (before: readonly string[], now: Contender): Contender => ({ ...now, before })
const broken = (contender: Contender): Contender => ({ ...contender, valid: false })

describe('settle', () => {
  for (const [name, contenders, before, forms, owners] of [
    ['gives a host to who alone claims it', [of('a', 'x')], {}, { a: 'new' }, { x: 'a' }],
    [
      'leaves a host with who has it (T125)',
      [had(['x'], of('b', 'x')), of('a', 'x')],
      { x: 'b' },
      { b: 'new', a: 'none' },
      { x: 'b' },
    ],
    [
      'gives a host that two claim and nobody had to nobody (T125)',
      [of('a', 'x'), of('b', 'x')],
      {},
      { a: 'none', b: 'none' },
      { x: 'a' },
    ],
    [
      'prefers the operator’s own file where nobody had the host',
      [of('a', 'x'), inline('b', 'x')],
      {},
      { a: 'none', b: 'new' },
      { x: 'b' },
    ],
    [
      'prefers the first of the operator’s own file',
      [inline('a', 'x'), inline('b', 'x')],
      {},
      { a: 'new', b: 'none' },
      { x: 'a' },
    ],
    [
      'does not move a host even to the operator’s own file',
      [had(['x'], of('a', 'x')), inline('b', 'x')],
      { x: 'a' },
      { a: 'new', b: 'none' },
      { x: 'a' },
    ],
    [
      'gives up a host that its owner no longer claims',
      [had(['x'], of('a', 'y')), of('b', 'x')],
      { x: 'a' },
      { a: 'new', b: 'new' },
      { y: 'a', x: 'b' },
    ],
    [
      'leaves a host with an owner who is broken now',
      [broken(had(['x'], of('a'))), of('b', 'x')],
      { x: 'a' },
      { a: 'last-good', b: 'none' },
      { x: 'a' },
    ],
    [
      'lets who claims too much fall back, and with it keeps what it had',
      [had(['x'], of('a', 'x', 'y')), had(['y'], of('b', 'y'))],
      { x: 'a', y: 'b' },
      { a: 'last-good', b: 'new' },
      { x: 'a', y: 'b' },
    ],
    [
      'gives nobody the host that somebody wanted to give up and falls back to',
      // a leaves x for y, which is b's: so it wants x again, and c, who hoped for it, gets nothing.
      [had(['x'], of('a', 'y')), had(['y'], of('b', 'y')), had(['z'], of('c', 'x'))],
      { x: 'a', y: 'b', z: 'c' },
      { a: 'last-good', b: 'new', c: 'last-good' },
      { x: 'a', y: 'b', z: 'c' },
    ],
    [
      'lets two swap their hosts in one stroke',
      [had(['x'], of('a', 'y')), had(['y'], of('b', 'x'))],
      { x: 'a', y: 'b' },
      { a: 'new', b: 'new' },
      { y: 'a', x: 'b' },
    ],
    [
      'holds a host for who was never valid, as long as nobody else wants it',
      [broken(of('a', 'x')), broken(of('b', 'y')), of('c', 'y')],
      {},
      { a: 'none', b: 'none', c: 'new' },
      { x: 'a', y: 'c' },
    ],
    [
      'gives no tenant file a further port of another tenant’s name (T125)',
      [had(['x.example'], of('a', 'x.example')), of('b', 'x.example:8443')],
      { 'x.example': 'a' },
      { a: 'new', b: 'none' },
      { 'x.example': 'a', 'x.example:8443': 'b' },
    ],
    [
      'keeps nobody from a plain address for a port of it that another file asks for (T125)',
      [of('b', 'x.example:8443'), of('a', 'x.example')],
      {},
      { b: 'none', a: 'new' },
      { 'x.example:8443': 'b', 'x.example': 'a' },
    ],
    [
      'leaves a port with who has it, and gives no tenant file another of its name (T125)',
      [had(['x.example:1'], of('a', 'x.example:1')), of('b', 'x.example'), of('c', 'x.example:2')],
      { 'x.example:1': 'a' },
      { a: 'new', b: 'none', c: 'none' },
      { 'x.example:1': 'a', 'x.example': 'b', 'x.example:2': 'c' },
    ],
    [
      'lets the operator have several ports of one name, and one tenant too',
      [inline('a', 'x.example:1'), inline('b', 'x.example:2'), of('c', 'y.example', 'y.example:2')],
      {},
      { a: 'new', b: 'new', c: 'new' },
      { 'x.example:1': 'a', 'x.example:2': 'b', 'y.example': 'c', 'y.example:2': 'c' },
    ],
    ['counts a host that a tenant names twice once', [of('a', 'x', 'x')], {}, { a: 'new' }, { x: 'a' }],
  ] as const) {
    test(name, () => {
      const settled = settle(contenders, new Map(Object.entries(before)))
      assert.deepEqual(Object.fromEntries(settled.forms), forms)
      assert.deepEqual(Object.fromEntries(settled.owners), owners)
    })
  }

  test('names the hosts that are claimed in vain, and nobody who lost nothing', () => {
    const { conflicts } = settle([had(['x'], of('a', 'x')), of('b', 'x', 'y', 'z')], new Map([['x', 'a']]))
    assert.deepEqual([...conflicts], [['b', ['x']]])
  })

  test('frees no host by letting somebody fall back (T125)', () => {
    const first = settle([of('a', 'x'), of('b', 'y')], new Map())
    const { forms, owners } = settle([had(['x'], of('a', 'x', 'y')), had(['y'], of('b', 'y'))], first.owners)
    assert.deepEqual([forms.get('b'), owners.get('y'), owners.get('x')], ['new', 'b', 'a'])
  })
})

interface Change {
  readonly name: string
  readonly claims: readonly string[]
  readonly state: 'valid' | 'broken' | 'gone'
  readonly inFile: boolean
}

const change: fc.Arbitrary<Change> = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  claims: fc.uniqueArray(fc.constantFrom('x', 'y', 'z', 'w'), { maxLength: 3 }),
  state: fc.constantFrom('valid', 'valid', 'valid', 'broken', 'gone'),
  inFile: fc.boolean(),
})

/** Plays reloads as the loader does: whoever stands is remembered with its hosts. */
function play(rounds: readonly (readonly Change[])[], look: (round: Round) => void): void {
  let written: readonly Change[] = []
  let standing: ReadonlyMap<string, readonly string[]> = new Map()
  for (const round of rounds) {
    const names = new Set(round.map(({ name }) => name))
    written = [
      ...written.filter(({ name }) => !names.has(name)),
      ...new Map(round.map((each) => [each.name, each])).values(),
    ]
    const contenders = written
      .filter(({ state }) => state !== 'gone')
      .map(({ name, claims, state, inFile }) => {
        return { name, claims, inFile, valid: state === 'valid', before: standing.get(name) ?? null }
      })
    const owned = new Map([...standing].flatMap(([name, hosts]) => hosts.map((host) => [host, name] as const)))
    const settled = settle(contenders, owned)
    look({ contenders, owned, settled })
    standing = new Map(
      contenders.flatMap(({ name, claims, before }) => {
        const form = settled.forms.get(name)
        if (form === 'none') return []
        return [[name, form === 'new' ? claims : (before ?? [])] as const]
      }),
    )
  }
}

interface Round {
  readonly contenders: readonly Contender[]
  readonly owned: ReadonlyMap<string, string>
  readonly settled: ReturnType<typeof settle>
}

const rounds = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { maxLength: 12 })

test('settle leaves every host with its owner as long as that one claims it, whatever changes (T125)', () => {
  fc.assert(
    fc.property(rounds, (all) =>
      play(all, ({ contenders, owned, settled }) => {
        for (const [host, owner] of owned) {
          const contender = contenders.find(({ name }) => name === owner)
          if (contender?.claims.includes(host) === true || contender?.valid === false) {
            assert.equal(settled.owners.get(host), owner)
          }
        }
      }),
    ),
    { numRuns: 2_000 },
  )
})

test('settle never lets two be served at one host, nor anybody at a host that is not its own (T15)', () => {
  fc.assert(
    fc.property(rounds, (all) =>
      play(all, ({ contenders, settled }) => {
        for (const { name, claims, before } of contenders) {
          const form = settled.forms.get(name)
          const hosts = form === 'new' ? claims : form === 'last-good' ? (before ?? []) : []
          for (const host of hosts) assert.equal(settled.owners.get(host), name)
        }
      }),
    ),
    { numRuns: 2_000 },
  )
})

test('settle serves everybody who once was valid, in one form or the other', () => {
  fc.assert(
    fc.property(rounds, (all) =>
      play(all, ({ contenders, settled }) => {
        for (const { name, before } of contenders) if (before !== null) assert.notEqual(settled.forms.get(name), 'none')
      }),
    ),
    { numRuns: 1_000 },
  )
})
