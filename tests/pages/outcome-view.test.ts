import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { outcomes } from '../../src/core/answer/outcomes.ts'
import { outcomeView } from '../../src/pages/outcome-view.ts'
import { codes, explainedPage, outcomePage } from './samples.ts'

const labels = (page: typeof outcomePage) => outcomeView(page).actions.map(({ label }) => label)

for (const code of codes) {
  test(`outcomeView takes title and text of ${code} from the outcomes table`, () => {
    const view = outcomeView({ ...outcomePage, code })
    assert.equal(view.title, outcomes[code].title)
    assert.deepEqual(view.text, [outcomes[code].text])
  })
}

describe('buttons', () => {
  test('outcomeView puts another account first for a person without a role, and asking for access second', () => {
    assert.deepEqual(labels(outcomePage), ['Sign in with another account', 'Ask for access'])
  })

  test('outcomeView offers to try again first when the application does not answer', () => {
    const view = outcomeView({ ...outcomePage, code: 'upstream_unreachable' })
    assert.deepEqual(view.actions[0], { label: 'Try again', href: outcomePage.returnTo })
  })

  test('outcomeView says how to repeat what no link can repeat', () => {
    const view = outcomeView({ ...outcomePage, code: 'upstream_timeout', returnTo: null })
    assert.deepEqual(
      view.actions.map(({ label }) => label),
      ['Go to the start page'],
    )
    assert.match(view.text.join(' '), /Go back .* reload/)
  })

  test('outcomeView leaves out a button without an address', () => {
    const bare = { ...outcomePage, returnTo: null, loginUrl: null, startUrl: null, support: null }
    for (const code of codes) assert.deepEqual(labels({ ...bare, code }), [])
  })

  test('outcomeView makes one button of two steps to one address', () => {
    assert.deepEqual(labels({ ...outcomePage, code: 'internal_error', returnTo: '/', startUrl: '/' }), ['Try again'])
  })

  test('outcomeView judges links also where it would not offer them (T36)', () => {
    for (const field of ['returnTo', 'loginUrl', 'startUrl'] as const) {
      for (const code of codes) {
        assert.throws(() => outcomeView({ ...outcomePage, code, [field]: 'javascript:alert(1)' }), TypeError)
      }
    }
  })
})

describe('help', () => {
  const sentence = (page: typeof outcomePage) => {
    const { help } = outcomeView(page)
    return help === null ? null : help.before + help.contact + help.after
  }

  test('outcomeView tells how to ask for access, with the contact as a filled-in mail', () => {
    assert.equal(
      sentence(outcomePage),
      'To ask for access, contact it@contoso.com, and tell them which account you use.',
    )
    const mail = new URL(outcomeView(outcomePage).help?.href ?? '')
    assert.equal(mail.searchParams.get('subject'), 'Access to Payroll')
    assert.match(
      mail.searchParams.get('body') ?? '',
      /Account: Zoë Björkqvist zoe@contoso.com\r\nRequest id: 01JDZ7Q8V3M4\r\nCode: no_role$/,
    )
  })

  test('outcomeView tells how to ask for access where nobody is named', () => {
    assert.match(sentence({ ...outcomePage, support: null }) ?? '', /contact the people who run this application/)
  })

  test('outcomeView asks to pass on what the page shows', () => {
    assert.match(sentence({ ...outcomePage, code: 'provider_refused' }) ?? '', /give them the details below/)
    assert.match(
      sentence({ ...outcomePage, code: 'internal_error', details: [] }) ?? '',
      /give them the request id below/,
    )
  })

  test('outcomeView shows a contact that is no address as text', () => {
    const { help, actions } = outcomeView({ ...outcomePage, support: 'the service desk, phone 4711' })
    assert.equal(help?.contact, 'the service desk, phone 4711')
    assert.equal(help?.href, null)
    assert.ok(actions.every(({ label }) => label !== 'Ask for access'))
  })

  test('outcomeView names nobody else after a fault without a contact', () => {
    assert.equal(sentence({ ...outcomePage, code: 'internal_error', support: null }), null)
  })

  test('outcomeView tells nothing about anybody at an unknown address (T15)', () => {
    assert.equal(sentence({ ...outcomePage, code: 'tenant_unknown' }), null)
  })
})

describe('person and details', () => {
  for (const [name, person, expected] of [
    ['shows name and user name', { name: 'Anna', username: 'a@x' }, { name: 'Anna', username: 'a@x' }],
    ['shows one that is both only once', { name: 'a@x', username: 'a@x' }, { name: 'a@x', username: '' }],
    ['shows the user name where the name is empty', { name: '\u202e', username: 'a@x' }, { name: 'a@x', username: '' }],
    ['shows the name alone', { name: 'Anna', username: '' }, { name: 'Anna', username: '' }],
    ['shows nobody where both are empty', { name: ' ', username: '\u0000' }, null],
    ['shows nobody where nobody is signed in', null, null],
  ] as const) {
    test(`outcomeView ${name}`, () => assert.deepEqual(outcomeView({ ...outcomePage, person }).person, expected))
  }

  test('outcomeView gives everything that a helper needs in one block', () => {
    const details = [
      { label: 'Error code', value: 'AADSTS50105' },
      { label: 'Trace id', value: `a\nb${'c'.repeat(500)}` },
    ]
    const lines = outcomeView({ ...outcomePage, details }).details
    assert.deepEqual(lines.slice(0, 3), ['Request id: 01JDZ7Q8V3M4', 'Code: no_role', 'Error code: AADSTS50105'])
    assert.equal(lines[3], `Trace id: a b${'c'.repeat(196)}…`)
  })

  test('outcomeView has no block where there are no details', () => {
    assert.deepEqual(outcomeView({ ...outcomePage, details: [] }).details, [])
  })
})

describe('what the provider’s code means', () => {
  const explained = (helps: 'again' | 'account' | 'both' | null) => {
    const { error, helpUrl } = explainedPage.explained ?? assert.fail()
    const { helps: _, ...rest } = error
    return { ...explainedPage, explained: { error: helps === null ? rest : { ...rest, helps }, helpUrl } }
  }

  test('outcomeView says what happened in place of saying that the provider said no', () => {
    const view = outcomeView(explainedPage)
    assert.equal(view.title, 'You are not assigned to this application')
    assert.match(view.text.join(' '), /An administrator of your organisation has to act/)
    assert.deepEqual(
      view.explanation?.map(({ term }) => term),
      ['Who has to act', 'What to do', 'Does trying again help?', 'Does another account help?'],
    )
    assert.deepEqual(view.more, { label: 'More about AADSTS50105', href: '/.auth/help/50105' })
    assert.equal(view.code, 'provider_refused')
  })

  for (const [helps, expected] of [
    ['again', ['Sign in', 'Ask for help', 'Go to the start page']],
    ['account', ['Sign in with another account', 'Ask for help', 'Go to the start page']],
    ['both', ['Try again', 'Sign in with another account', 'Ask for help']],
    [null, ['Ask for help', 'Go to the start page']],
  ] as const) {
    test(`outcomeView offers only what helps: ${helps}`, () => assert.deepEqual(labels(explained(helps)), expected))
  }

  test('outcomeView offers to look a code up where the provider may have shown one', () => {
    const more = (code: (typeof codes)[number]) => outcomeView({ ...outcomePage, code, helpUrl: '/.auth/help' }).more
    assert.equal(more('login_cancelled')?.href, '/.auth/help')
    assert.equal(more('transaction_missing')?.href, '/.auth/help')
    assert.equal(more('upstream_timeout'), null)
    assert.equal(outcomeView({ ...outcomePage, code: 'login_cancelled' }).more, null)
  })

  test('outcomeView refuses a help link that leads astray (T36)', () => {
    assert.throws(() => outcomeView({ ...outcomePage, code: 'no_role', helpUrl: '//evil.example' }), TypeError)
  })
})
