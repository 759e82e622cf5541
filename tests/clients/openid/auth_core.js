// Auth.js (@auth/core) with a generic OpenID Connect provider.

import { Readable } from 'node:stream'
import { deepEqual, equal } from 'node:assert/strict'
import { Auth } from '@auth/core'
import { getToken } from '@auth/core/jwt'
import { fresh } from '../chromium.js'
import { callbacks, isSignedOut, listen, provider, register, shown, signIn, signOutHeaders, user } from './application.js'

const secret = 'a secret of the application'
const cookie = 'authjs.session-token'

/** Returns Auth.js's configuration for the client. */
const configuration = (client) => ({
  providers: [{ ...provider(client), type: 'oidc' }],
  callbacks,
  basePath: '/auth',
  secret,
  trustHost: true,
})

/** Ends the session of the application, and goes on to that of Jeton. */
async function signOut(request, url) {
  const { id_token } = await getToken({ req: request, secret, salt: cookie, cookieName: cookie })
  return new Response(null, { status: 303, headers: signOutHeaders(id_token, cookie, url) })
}

export async function run() {
  let config
  const { server, url } = await listen(async (incoming, outgoing) => {
    const { method, headers } = incoming
    const body = method === 'POST' ? Readable.toWeb(incoming) : undefined
    const request = new Request(`${url}${incoming.url}`, { method, headers, body, duplex: 'half' })
    const { pathname } = new URL(request.url)
    let response
    if (pathname.startsWith('/auth')) response = await Auth(request, config)
    else if (pathname === '/signout') response = await signOut(request, url)
    else {
      const session = await (await Auth(new Request(`${url}/auth/session`, { headers }), config)).text()
      response = new Response(`<pre>${session}</pre>`, { headers: { 'content-type': 'text/html' } })
    }
    outgoing.writeHead(response.status, [...response.headers].flat()).end(await response.text())
  })
  config = configuration(await register('Auth.js', '--redirect-uri', `${url}/auth/callback/jeton`,
    '--post-logout-redirect-uri', `${url}/`))

  await fresh('Auth.js: signs in with name and e-mail, and signs out', {}, async (page) => {
    await page.goto(`${url}/auth/signin`)
    await page.getByRole('button', { name: /Jeton/ }).click()
    await signIn(page)
    await page.waitForURL(`${url}/`)
    const { user: { name, email } } = await shown(page)
    deepEqual([name, email], [user.name, user.email])
    await page.goto(`${url}/signout`)
    await page.waitForURL(`${url}/`)
    equal(await shown(page), null)
    await isSignedOut(page)
  })
  server.closeAllConnections()
  server.close()
}
