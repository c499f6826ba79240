#!/usr/bin/env node
/** The program: says what it cannot run on, then hands over to the command line. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if ((major === 22 && minor >= 19) || major === 24 || major >= 26) {
  // Loaded only here: an older Node could not even read the modules behind it.
  const { runCommandLine } = await import('./cli/program.ts')
  await runCommandLine(process.argv)
} else {
  process.stderr.write(`sallyport needs Node 22.19 or later of 22, 24, or 26 and newer; this is ${process.version}.\n`)
  process.exitCode = 1
}
