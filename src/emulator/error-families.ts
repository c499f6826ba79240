/** The AADSTS codes that can only be injected: nothing here comes to them by itself, so each has its OAuth error but no sentence of its own. */
import type { Row } from './error-catalogue.ts'

/** Whether Entra tells it on its own page, and never to the application. */
type Where = 'page' | 'answer'

const families: readonly (readonly [error: string, where: Where, codes: readonly number[]])[] = [
  ['invalid_request', 'page', [50049, 50147, 50059, 50128, 90015, 90019, 90027, 90056, 90124, 90130, 900971]],
  ['invalid_request', 'answer', [28002, 28003, 70004, 90009, 90013, 90014, 90100, 90102, 700030, 9002313]],
  ['unauthorized_client', 'page', [70001, 700011, 90099, 1000031, 1000104]],
  ['invalid_client', 'answer', [50012, 50048, 70002, 50146, 501461, 70021, 700229, 7000229, 7002137, 7002138]],
  ['invalid_scope', 'answer', [700022]],
  ['invalid_resource', 'page', [50001, 65005, 650052, 650054, 650056, 650057]],
  ['invalid_grant', 'answer', [50006, 50003, 50013, 65002, 240001, 240002, 501051, 900384]],
  ['unsupported_response_type', 'answer', [70005]],
  // Consent that only an administrator can give.
  ['access_denied', 'page', [90008, 90093, 90095, 900941]],
  // Accounts, invitations, memberships, passwords.
  ['access_denied', 'page', [16001, 16002, 16003, 160021, 50002, 50014, 50056, 50125, 50140, 50143, 50144]],
  ['access_denied', 'page', [50177, 50199, 51004, 54000, 90072, 500021, 500022, 500208, 500212, 500213, 500571]],
  ['interaction_required', 'answer', [50072]],
  // Devices, places and risks that Conditional Access minds.
  ['access_denied', 'page', [50005, 50097, 50129, 50131, 50135, 50155, 50158, 50168, 50187, 135011, 220450]],
  ['access_denied', 'page', [53002, 53004, 53010, 53011, 530034, 530035]],
  // Federation, Active Directory, and applications that are registered for SAML.
  ['invalid_request', 'page', [20001, 20012, 20033, 50107, 90081, 50061, 50068, 50070, 50071, 50089]],
  ['invalid_request', 'page', [80001, 80002, 80005, 80007, 80010, 80012, 80013, 80014, ...range(81_004, 81_012)]],
  ['invalid_request', 'page', [...range(40_008, 40_015), 75005, 7500514, 7500529, 75011, 76021, 750054]],
  ['temporarily_unavailable', 'answer', [50033, 50087, 90012, 90024, 90090]],
  ['server_error', 'answer', [50000, 90036, 165004]],
]

const rows: ReadonlyMap<number, Row> = new Map(
  families.flatMap(([error, where, codes]) => codes.map((code) => [code, rowIn(error, where)] as const)),
)

/** The row of a code that nothing here comes to by itself; null for one that nobody has heard of. */
export function familyRow(code: number): Row | null {
  return rows.get(code) ?? null
}

function rowIn(error: string, where: Where): Row {
  const message = 'The request was refused.'
  return {
    ...{ error, message },
    ...(where === 'page' ? { onPage: true } : {}),
    ...(error === 'server_error' ? { status: 500 } : {}),
  }
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at)
}
