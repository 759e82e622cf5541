// oidc-client-ts: a public client in a browser, at another site than Jeton's.

import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fresh } from '../chromium.js'
import { click, isSignedOut, issuer, listen, register, shown, signIn, user } from './application.js'

const files = {
  '/': ['text/html', '<!doctype html><title>Application</title><pre></pre><button id="in">Sign in</button>' +
    '<button id="renew">Renew</button><button id="out">Sign out</button><p></p>' +
    '<script src="/library.js"></script><script src="/application.js"></script>'],
  '/library.js': ['text/javascript',
    readFileSync(join(import.meta.dirname, 'node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js'))],
}

const application = (settings) => `
const manager = new oidc.UserManager({ ...${JSON.stringify(settings)},
  scope: 'openid profile email', loadUserInfo: true, automaticSilentRenew: false })
const show = (user) => document.querySelector('pre').textContent = JSON.stringify(user)
const say = (text) => document.querySelector('p').textContent = text
const clicked = (id, act) => document.getElementById(id).onclick = () => act().catch((error) => say(String(error)))
clicked('in', () => manager.signinRedirect())
clicked('renew', async () => { show(await manager.signinSilent()); say('renewed') })
clicked('out', () => manager.signoutRedirect({ state: 'signed out' }))
async function start() {
  const query = new URLSearchParams(location.search)
  if (query.has('code')) await manager.signinCallback()
  else if (query.has('state')) say((await manager.signoutCallback()).userState)
  history.replaceState(null, '', '/')
  show(await manager.getUser())
}
start().catch((error) => say(String(error)))`

export async function run() {
  const { server, url } = await listen((request, response) => {
    const [type, body] = files[new URL(request.url, url).pathname] ?? ['text/plain', '']
    response.setHeader('content-type', type).end(body)
  }, 'localhost')
  for (const atRefresh of [false, true]) {
    const { client_id } = await register('oidc-client-ts', '--public', '--redirect-uri', `${url}/`,
      '--post-logout-redirect-uri', `${url}/`, ...(atRefresh ? ['--id-token-on-refresh'] : []))
    const settings = { authority: issuer, client_id, redirect_uri: `${url}/`, post_logout_redirect_uri: `${url}/` }
    files['/application.js'] = ['text/javascript', application(settings)]
    const what = atRefresh ? ', with ID tokens at refresh' : ''
    await fresh(`oidc-client-ts: signs in, reloads, renews, signs out${what}`, {}, async (page) => {
      await page.goto(`${url}/`)
      await page.locator('pre').filter({ hasText: 'null' }).waitFor()
      await click(page, 'Sign in')
      await signIn(page)
      await page.waitForURL(`${url}/`)
      await page.getByText('"access_token"').waitFor()
      const first = await shown(page)
      deepEqual({ ...first.profile, ...user }, first.profile)
      equal(typeof first.profile.updated_at, 'number', 'UserInfo was loaded')

      await page.reload()
      await page.getByText('"access_token"').waitFor()
      equal((await shown(page)).profile.sub, user.sub)
      await click(page, 'Renew')
      await page.getByText('renewed').waitFor()
      const renewed = await shown(page)
      notEqual(renewed.access_token, first.access_token)
      deepEqual([renewed.profile.sub, renewed.id_token !== first.id_token], [user.sub, atRefresh])

      await click(page, 'Sign out')
      await page.getByText('signed out').waitFor()
      await page.locator('pre').filter({ hasText: 'null' }).waitFor()
      equal(page.url(), `${url}/`)
      await isSignedOut(page)
    })
  }
  server.close()
}
