import { describe, expect, test } from 'vitest'
import { formWaitsView, keptFormView } from '../../src/pages/form-views.ts'
import { createPages } from '../../src/pages/render.ts'
import { formWaitsPage, keptFormPage } from './samples.ts'

const pages = createPages()
const astray = ['javascript:alert(1)', '//evil.example', '/\\evil.example', 'data:text/html,x']

describe('formWaitsView', () => {
  test('leads on by itself and by a link, to the very same address', () => {
    const view = formWaitsView(formWaitsPage)
    expect(view.refresh).toBe(`0; url=${formWaitsPage.loginUrl}`)
    expect(view.actions).toEqual([{ label: 'Go on', href: formWaitsPage.loginUrl }])
    expect(pages.render(formWaitsPage)).toContain(
      '<meta http-equiv="refresh" content="0; url=https://login.example/authorize?state=a;b&amp;nonce=c">',
    )
  })

  test('says what has to be done first', () => {
    expect(formWaitsView(formWaitsPage).text.join(' ')).toContain('you have to sign in first')
    expect(formWaitsView({ ...formWaitsPage, isProof: true }).text.join(' ')).toContain('confirm that it is you first')
  })

  test('refuses a link that leads astray (T36)', () => {
    for (const loginUrl of astray) expect(() => formWaitsView({ ...formWaitsPage, loginUrl })).toThrow(TypeError)
  })
})

describe('keptFormView', () => {
  test('asks, names who is signed in, and warns where it is not known who typed it', () => {
    const view = keptFormView(keptFormPage)
    expect(view.person).toEqual({ name: 'Zoë Björkqvist', username: 'zoe@contoso.com' })
    expect(view.text.join(' ')).toContain('If it was not you who typed it, discard it.')
    expect(keptFormView({ ...keptFormPage, isKnown: true }).text.join(' ')).not.toContain('If it was not you')
  })

  test('says so where it was sent once without an answer', () => {
    expect(keptFormView({ ...keptFormPage, wasTried: true }).text.join(' ')).toContain(
      'It may have arrived all the same',
    )
  })

  test('has two forms with one field each, and no policy that keeps the application from redirecting', () => {
    const html = pages.render(keptFormPage)
    const [name, value] = keptFormPage.field
    expect(html.split(`<input type="hidden" name="${name}" value="${value}">`)).toHaveLength(3)
    expect(html).not.toContain('http-equiv="refresh"')
    expect(pages.contentSecurityPolicyFor(keptFormPage)).toBe(
      pages.contentSecurityPolicy.replace("form-action 'self'", "form-action 'self' https:"),
    )
  })

  test('refuses a link that leads astray (T36)', () => {
    for (const link of astray) {
      expect(() => keptFormView({ ...keptFormPage, sendUrl: link })).toThrow(TypeError)
      expect(() => keptFormView({ ...keptFormPage, discardUrl: link })).toThrow(TypeError)
    }
  })
})
