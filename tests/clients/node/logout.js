// Chromium at the logout endpoint (OpenID Connect RP-Initiated Logout): the page that asks, and the page afterwards.

import { equal } from 'node:assert/strict'
import { given } from './checks.js'
import { close, fresh, onward, variants } from './chromium.js'
import { click, issuer, reads, signIn } from './visit.js'

const goodbye = given('POST_LOGOUT_REDIRECT_URI')

/** Returns the URL of a logout request without an ID token, for a browser that is to return to `uri`. */
function logout(uri = goodbye) {
  const parameters = { client_id: given('LEAVING_CLIENT_ID'), post_logout_redirect_uri: uri, state: 'a state' }
  return `${issuer}/oauth/logout?${new URLSearchParams(parameters)}`
}

for (const [name, variant] of variants)
  await fresh(`is asked, stays, and signs out (${name})`, variant, async (page, see) => {
    await page.goto(`${issuer}/login`)
    await signIn(page)
    await reads(page, 'You are signed in')
    await page.goto(logout())
    await reads(page, 'Sign out?')
    await see('asked')
    await page.getByRole('link', { name: 'Stay signed in' }).click()
    await reads(page, 'Your account')
    await page.goto(logout())
    await click(page, 'Sign out')
    await reads(page, 'You are signed out')
    await see('signed out')
    const link = page.getByRole('link', { name: 'Return to app.example.com' })
    equal(await link.getAttribute('href'), `${goodbye}?state=a+state`)
    await page.goto(logout('https://evil.example/'))
    await page.getByRole('alert').waitFor()
    await see('not registered')
    equal(await page.getByRole('link', { name: 'Return to' }).count(), 0)
    await page.goto(`${issuer}/account`)
    await reads(page, 'Sign in')
  })

await fresh('is asked in French', { ...variants[0][1], locale: 'fr-FR' }, async (page, see) => {
  await page.goto(`${issuer}/login?ui_locales=en`)
  await signIn(page)
  await reads(page, 'Vous êtes connecté')
  await page.goto(logout())
  await reads(page, 'Se déconnecter')
  await see('asked')
})

await fresh('is asked when another site posts a request', variants[0][1], async (page) => {
  await page.goto(`${issuer}/login`)
  await signIn(page)
  await reads(page, 'You are signed in')
  for (const csrf of [false, true]) {
    await page.goto(onward)
    await page.evaluate(
      ([action, csrf]) => {
        const form = document.createElement('form')
        form.method = 'post'
        form.action = action
        const field = document.createElement('input')
        field.name = csrf ? 'csrf' : 'state'
        field.value = 'a state'
        form.append(field)
        document.body.append(form)
        form.submit()
      },
      [`${issuer}/oauth/logout`, csrf],
    )
    await reads(page, 'Sign out?')
  }
  await page.goto(`${issuer}/login`)
  await reads(page, 'You are signed in')
})

await close()
