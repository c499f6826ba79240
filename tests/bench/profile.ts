/** Reads the profiles that `node --cpu-prof` wrote, and sets what the gateway spends beside what the bare proxy does. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Letter } from './contestants.ts'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Microseconds by frame. */
type Spent = ReadonlyMap<string, number>

const shownFrames = 40

export function profileOptions(folder: string, letter: Letter): readonly string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${join(folder, `profile-${letter}`)}`, '--cpu-prof-interval=500']
}

/** @param requests how many each has served under load, apart from the warm-up, which is small beside it. */
export function profileTable(folder: string, requests: Partial<Record<Letter, number>>): string {
  const [b, d] = (['b', 'd'] as const).map((letter) => perRequest(folder, letter, requests[letter] ?? Number.NaN))
  if (b === undefined || d === undefined) return ''
  const text = (title: string, kind: 'place' | 'frame') => {
    const [bare, ours] = [grouped(b, kind), grouped(d, kind)]
    const names = [...new Set([...bare.keys(), ...ours.keys()])]
    const rows = names
      .map((name) => ({ name, bare: bare.get(name) ?? 0, ours: ours.get(name) ?? 0 }))
      .sort((one, other) => other.ours - other.bare - (one.ours - one.bare))
      .slice(0, shownFrames)
    const lines = rows.map(({ name, bare: left, ours: right }) =>
      [right - left, right, left]
        .map((each) => each.toFixed(2).padStart(8))
        .join('')
        .concat(`  ${name}`),
    )
    return [`\n${title}\n  beyond       d       b  µs of self time per request`, ...lines].join('\n')
  }
  return `${text('By file', 'place')}\n${text('By function', 'frame')}\n`
}

function perRequest(folder: string, letter: Letter, requests: number): Spent {
  const directory = join(folder, `profile-${letter}`)
  const [file] = readdirSync(directory)
  if (file === undefined) throw new Error(`no profile of ${letter}`)
  const profile = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Profile
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, frameName(callFrame)]))
  const spent = new Map<string, number>()
  profile.samples.forEach((id, at) => {
    const name = frames.get(id) ?? ''
    if (name.startsWith('(idle)')) return
    spent.set(name, (spent.get(name) ?? 0) + (profile.timeDeltas[at] ?? 0) / requests)
  })
  return spent
}

function frameName({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const place = url.replace(/^file:.*\/(src|node_modules)\//, '$1/').replace(/^file:.*\//, '')
  // What belongs to no file, such as the garbage collector, stands for itself.
  if (place === '') return functionName.replaceAll(' ', '\u00a0').slice(0, 60)
  return `${functionName || '(anonymous)'} ${place}:${lineNumber + 1}`
}

function grouped(spent: Spent, kind: 'place' | 'frame'): Spent {
  if (kind === 'frame') return spent
  const groups = new Map<string, number>()
  for (const [frame, time] of spent) {
    const place = frame.slice(frame.indexOf(' ') + 1).replace(/:\d+$/, '') || frame
    groups.set(place, (groups.get(place) ?? 0) + time)
  }
  return groups
}
