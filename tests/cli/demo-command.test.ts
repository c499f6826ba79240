import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { until } from '../redis.ts'
import { freePort } from '../stage.ts'
import { choosePerson, createVisitor } from '../visitor.ts'
import { startCommand } from './command.ts'

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  return await new Promise((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

/** Takes a port, unless somebody has it anyway. */
async function occupy(port: number, host = '127.0.0.1'): Promise<() => void> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve())
    server.listen(port, host, () => resolve())
  })
  return () => void server.close()
}

const ready = 'Ctrl-C ends everything.'

describe('sallyport demo', () => {
  test('starts on the ports that it is given, signs people in, and frees everything on Ctrl-C', async () => {
    const ports = [await freePort(), await freePort(), await freePort(), await freePort()] as const
    const [port, management, application, emulator] = ports
    const demo = startCommand([
      ...['demo', '--port', `${port}`, '--management-port', `${management}`],
      ...['--application-port', `${application}`, '--emulator-port', `${emulator}`],
    ])
    await demo.says(ready)
    const text = demo.stdout()
    const addresses = text.match(/https?:\/\/\S+?(?=[,.]?\s)/g)
    expect(addresses?.[0]).toBe(`http://localhost:${port}`)
    expect(text.indexOf('Ada Lovelace')).toBeGreaterThan(text.indexOf(`http://localhost:${port}`))
    for (const username of ['ada@', 'uwe@', 'nora@']) expect(text).toContain(username)
    expect(text).not.toContain('\x1b')

    const ada = createVisitor()
    const page = await choosePerson(ada, await ada.open(`http://localhost:${port}/admin`), 'ada@contoso.example')
    expect([page.status, page.url]).toEqual([200, `http://localhost:${port}/admin`])
    expect(page.body).toContain('Ada Lovelace')
    expect((await ada.ask(`http://127.0.0.1:${management}/readyz`)).status).toBe(200)

    demo.child.kill('SIGINT')
    expect(await demo.ended).toEqual({ code: 0, signal: null })
    expect(demo.stderr()).toBe('')
    for (const each of ports) expect(await isFree(each), String(each)).toBe(true)
    ada.close()
  })

  test('gives way where its usual ports are busy, also under ::1 alone', async () => {
    const free = await Promise.all([occupy(8080), occupy(9090), occupy(9400, '::1'), occupy(9500)])
    const demo = startCommand(['demo'])
    await demo.says(ready)
    const address = /http:\/\/localhost:(\d+)/.exec(demo.stdout())
    expect(address?.[1]).not.toBe('8080')
    const visitor = createVisitor()
    const picker = await visitor.open(`${address?.[0]}/`)
    expect(picker.status).toBe(200)
    expect(picker.body).toContain('ada@contoso.example')
    demo.child.kill('SIGTERM')
    expect((await demo.ended).code).toBe(0)
    visitor.close()
    for (const each of free) each()
  })

  for (const option of ['--port', '--management-port', '--application-port', '--emulator-port']) {
    test(`says that the address of ${option} is in use, and ends all the rest`, async () => {
      const port = await freePort()
      const free = await occupy(port)
      const demo = startCommand(['demo', option, String(port)])
      const { code } = await demo.ended
      free()
      expect(code).toBe(1)
      expect(demo.stderr()).toContain(String(port))
      expect(demo.stderr()).toMatch(/^sallyport: [^\n]+\n$/)
      expect(demo.stdout()).toBe('')
    })
  }

  test('ends at once when its terminal asks twice', async () => {
    const demo = startCommand(['demo'])
    await demo.says(ready)
    demo.child.kill('SIGINT')
    demo.child.kill('SIGINT')
    await until('the end', () => demo.child.exitCode !== null || demo.child.signalCode !== null, 3_000)
  })
})
