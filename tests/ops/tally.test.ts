import { describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/ops/metrics.ts'

describe('createTally', () => {
  test('tells requests by tenant and outcome, with labels escaped', async () => {
    const metrics = createMetrics()
    metrics.request('payroll', 'forwarded')
    metrics.request('payroll', 'forwarded')
    metrics.request('', 'tenant_unknown')
    metrics.request('odd"name', 'forwarded')
    const { body } = await metrics.text()
    expect(body).toContain('# TYPE sallyport_requests_total counter')
    expect(body).toContain('sallyport_requests_total{tenant="payroll",outcome="forwarded"} 2')
    expect(body).toContain('sallyport_requests_total{tenant="",outcome="tenant_unknown"} 1')
    expect(body).toContain('sallyport_requests_total{tenant="odd\\"name",outcome="forwarded"} 1')
  })

  test('tells durations as a histogram that Prometheus can add up', async () => {
    const metrics = createMetrics()
    for (const seconds of [0.001, 0.005, 0.02, 0.3, 7, 600]) metrics.forwarded('payroll', seconds)
    const { body } = await metrics.text()
    const bucket = (le: string) => Number(new RegExp(`_bucket\\{le="${le}",tenant="payroll"\\} (\\d+)`).exec(body)?.[1])
    expect(body).toContain('# TYPE sallyport_forwarded_seconds histogram')
    expect(['0.005', '0.025', '0.1', '0.5', '2.5', '10', '60', '\\+Inf'].map(bucket)).toEqual([2, 3, 3, 4, 4, 5, 5, 6])
    expect(body).toContain('sallyport_forwarded_seconds_count{tenant="payroll"} 6')
    expect(Number(/seconds_sum\{tenant="payroll"\} ([\d.]+)/.exec(body)?.[1])).toBeCloseTo(607.326)
  })

  test('has no histogram for tenants to which nothing was forwarded', async () => {
    const metrics = createMetrics()
    metrics.request('payroll', 'login')
    expect((await metrics.text()).body).not.toContain('sallyport_forwarded_seconds_bucket')
  })
})
