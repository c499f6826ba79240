/** The pretend Entra in a process of its own, so that what it spends on signing tokens is not taken for the gateway's. */
import { startEmulator } from '../../src/emulator/emulator.ts'
import { manyGroups } from './configuration.ts'
import { tell } from './own-process.ts'

const emulator = await startEmulator({ controlPort: 0, people: [manyGroups] })
for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.once(event, () => process.exit(0))
const [port, controlPort] = [emulator.origin, emulator.controlOrigin ?? ''].map((origin) =>
  Number(new URL(origin).port),
)
tell({ port: port ?? 0, controlPort: controlPort ?? 0 })
