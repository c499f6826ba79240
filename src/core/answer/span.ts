/** A time that a setting allows, in words: `10 hours`, `90 minutes`, `1 day`. */
export function spanText(seconds: number): string {
  const [unit, length] = units.find(([, each]) => seconds > 0 && seconds % each === 0) ?? (['second', 1] as const)
  const count = seconds / length
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const
