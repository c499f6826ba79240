/**
 * The cookies in which applications keep their own sessions: what `upstream.bindCookies` calls `known`. Each is the
 * default name of a server or framework, whose value only the application reads. Cookies for scripts (`XSRF-TOKEN`,
 * `csrftoken`) must never be among them: a script would read the gateway's mark as a part of the value.
 */
export const knownSessionCookies: readonly string[] = [
  // Java: servlet containers, their single sign-on, WebLogic, Spring Session, Play.
  'JSESSIONID',
  'JSESSIONIDSSO',
  '_WL_AUTHCOOKIE_*',
  'SESSION',
  'PLAY_SESSION',
  // IBM (WebSphere, Domino) and SAP: who is signed in there, beside the session.
  'LtpaToken*',
  'DomAuthSessId',
  'SAP_SESSIONID_*',
  'MYSAPSSO2',
  // Microsoft: classic ASP (with a random tail), ASP.NET, OWIN, ASP.NET Core (long ones come in parts: C1, C2), SharePoint.
  'ASPSESSIONID*',
  'ASP.NET_SessionId',
  '.ASPXAUTH',
  '.ASPXROLES',
  '.AspNet.Cookies*',
  '.AspNet.ApplicationCookie*',
  '.AspNetCore.Session',
  '.AspNetCore.Cookies*',
  '.AspNetCore.Identity.Application*',
  'FedAuth*',
  // PHP, and what has names of its own there.
  'PHPSESSID',
  'laravel_session',
  'ci_session',
  'CAKEPHP',
  'MoodleSession*',
  'wordpress_logged_in_*',
  'wordpress_sec_*',
  // ColdFusion, Perl.
  'CFID',
  'CFTOKEN',
  'CGISESSID',
  // Ruby (Rails names it after the application), Python, Node.
  '_*_session',
  '_session_id',
  'rack.session',
  'sessionid',
  'session',
  '_ZopeId',
  'connect.sid',
  'koa.sess',
]

/** What others than the application read, so that it cannot be changed on its way: folded as `foldCookieName` does. */
export const scriptCookies: ReadonlySet<string> = new Set([
  'xsrf-token',
  'x-xsrf-token',
  'csrftoken',
  'csrf-token',
  'csrf_token',
])
