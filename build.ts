/** `npm run build`: the sources as JavaScript in `dist`, with the files that the compiler does not copy. */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
cpSync('src/pages', 'dist/pages', { recursive: true, filter: (path) => !path.endsWith('.ts') })
chmodSync('dist/main.js', 0o755)
