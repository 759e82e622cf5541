// next-auth 4, by the handler that Next.js calls at pages/api/auth/[...nextauth]; and a provider of OpenID Connect that it
// comes with.

import { deepEqual } from 'node:assert/strict'
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import { fresh } from '../chromium.js'
import { callbacks, isSignedOut, listen, provider, register, shown, signIn, signOutHeaders, user } from './application.js'

const require = createRequire(import.meta.url)
const NextAuth = require('next-auth').default
const Provider = require('next-auth/providers/duende-identity-server6').default
const { getToken } = require('next-auth/jwt')

const cookie = 'next-auth.session-token'

/** Returns next-auth's options for the client. */
const options = (client) => ({
  providers: [Provider(provider(client))],
  callbacks,
  secret: 'a secret of the application',
})

/** Gives request and response what Next.js adds to them. */
async function asInNext(request, response, url) {
  const { pathname, searchParams } = new URL(request.url, url)
  const cookies = (request.headers.cookie ?? '').split('; ').filter(Boolean).map((pair) => pair.split(/=(.*)/s))
  request.cookies = Object.fromEntries(cookies.map(([name, value]) => [name, decodeURIComponent(value)]))
  request.query = { ...Object.fromEntries(searchParams), nextauth: pathname.split('/').slice(3) }
  request.body = Object.fromEntries(new URLSearchParams(await text(request)))
  response.status = (status) => Object.assign(response, { statusCode: status })
  response.send = (body) => response.end(body)
  response.json = (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
}

export async function run() {
  let config
  const { server, url } = await listen(async (request, response) => {
    await asInNext(request, response, url)
    const { pathname } = new URL(request.url, url)
    if (pathname.startsWith('/api/auth')) return NextAuth(request, response, config)
    const token = await getToken({ req: request, secret: config.secret, cookieName: cookie })
    if (pathname === '/signout') return response.writeHead(303, signOutHeaders(token.id_token, cookie, url)).end()
    response.setHeader('content-type', 'text/html').end(`<pre>${JSON.stringify(token)}</pre>`)
  })
  process.env.NEXTAUTH_URL = url
  config = options(await register('next-auth', '--redirect-uri', `${url}/api/auth/callback/jeton`,
    '--post-logout-redirect-uri', `${url}/`))

  await fresh('next-auth: signs in with name and e-mail, and signs out', {}, async (page) => {
    await page.goto(`${url}/api/auth/signin`)
    await page.getByRole('button', { name: /Jeton/ }).click()
    await signIn(page)
    await page.waitForURL(`${url}/`)
    const { sub, name, email } = await shown(page)
    deepEqual([sub, name, email], [user.sub, user.name, user.email])
    await page.goto(`${url}/signout`)
    await page.waitForURL(`${url}/`)
    deepEqual(await shown(page), null)
    await isSignedOut(page)
  })
  server.closeAllConnections()
  server.close()
}
