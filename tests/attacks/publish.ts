/** `npm run generate`: writes the table of attacks into SECURITY.md. `tests/attacks/table.test.ts` holds it fresh. */
import { readFileSync, writeFileSync } from 'node:fs'
import { replaceBlock } from '../../src/config/tables.ts'
import { attackTable } from './table.ts'

const path = new URL('../../SECURITY.md', import.meta.url)
writeFileSync(path, replaceBlock(readFileSync(path, 'utf8'), 'attacks', attackTable()))
console.log('wrote SECURITY.md')
