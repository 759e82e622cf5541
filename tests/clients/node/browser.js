// A real browser, Chromium, on every page that a user sees, with each page's own policy in force.

import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { given } from './checks.js'
import { came, close, fresh, variants, onward, redirect_uri } from './chromium.js'
import { back, click, focuses, issuer, reads, redeem, request, signIn } from './visit.js'

for (const [name, variant] of variants)
  await fresh(`signs in and allows (${name})`, variant, async (page, see) => {
    const { url, verifier } = request()
    const first = await page.goto(url)
    equal(first.headers()['content-security-policy'].startsWith("default-src 'none'"), true)
    await page.getByText('to continue to APP').waitFor()
    await see('sign in')
    await signIn(page, 'not the password')
    await page.getByRole('alert').waitFor()
    equal(await page.title(), 'Sign-in failed · Jeton')
    await see('wrong password')
    await signIn(page)
    await reads(page, 'Allow APP')
    await see('consent')
    await page.getByLabel('write').uncheck()
    await click(page, 'Allow')
    await back(page)
    const { code, ...rest } = came.last
    deepEqual(rest, { method: 'GET', state: 'a state', iss: issuer })
    equal((await redeem(verifier)).scope, 'read')
  })

for (const [name, variant] of variants)
  await fresh(`signs in for itself, and out (${name})`, variant, async (page, see) => {
    await page.goto(`${issuer}/login`)
    await signIn(page)
    await reads(page, 'You are signed in')
    await page.getByRole('button', { name: 'Sign out everywhere' }).waitFor()
    await see('signed in')
    await click(page, 'Sign out')
    await reads(page, 'You are signed out')
    await see('signed out')
    await page.goto(`${issuer}/oauth/authorize?client_id=nobody`)
    await reads(page, 'Unknown application')
    await see('error')
  })

for (const [name, variant] of variants)
  await fresh(`creates a token and credentials, and removes them (${name})`, variant, async (page, see) => {
    await page.goto(`${issuer}/login`)
    await signIn(page)
    await page.getByRole('link', { name: 'Your account' }).click()
    await reads(page, 'Your account')
    await see('account')
    for (const [link, button, remove] of [
      ['Personal tokens', 'Create token', 'Revoke'],
      ['Developer credentials', 'Create credentials', 'Delete'],
    ]) {
      await page.getByRole('link', { name: link }).click()
      await reads(page, link)
      await see(button)
      await page.getByLabel('Name', { exact: true }).fill('A backup')
      await page.getByLabel('read').check()
      await click(page, button)
      await reads(page, 'A backup')
      await see('created')
      await page.getByRole('link', { name: 'Done' }).click()
      await reads(page, link)
      await see('list')
      // A word is broken only if it is wider than the page.
      const lines = await page.locator('tr strong').evaluate((name) => name.getClientRects().length)
      equal(lines, 1, 'a name of two short words fits one line')
      await click(page, `${remove}: A backup`)
      await page.getByText('A backup').first().waitFor({ state: 'detached' })
    }
  })

await fresh('creates a token in French', { ...variants[0][1], locale: 'fr-FR' }, async (page, see) => {
  await page.goto(`${issuer}/login`)
  await page.getByLabel('Nom d’utilisateur').fill(given('JETON_USER'))
  await page.getByLabel('Mot de passe').fill(given('PASSWORD'))
  await click(page, 'Se connecter')
  await page.getByRole('link', { name: 'Votre compte' }).waitFor()
  await page.goto(`${issuer}/account/tokens`)
  await see('tokens')
  await click(page, 'Créer le jeton')
  await page.goto(`${issuer}/account/credentials`)
  await see('credentials')
})

await fresh('reads French', { ...variants[0][1], locale: 'fr-CA' }, async (page, see) => {
  await page.goto(request().url)
  await see('sign in')
  await page.getByLabel('Nom d’utilisateur').fill(given('JETON_USER'))
  await page.getByLabel('Mot de passe').fill(given('PASSWORD'))
  await click(page, 'Se connecter')
  await reads(page, 'Autoriser APP')
  equal(await page.locator('html').getAttribute('lang'), 'fr')
  await page.getByText('Voir ce que vous conservez ici').waitFor()
  await see('consent')
  await click(page, 'Refuser')
  await back(page)
})

for (const [name, variant] of variants)
  await fresh(`reads French about a program that registered itself (${name})`, { ...variant, locale: 'fr-FR' }, async (page, see) => {
    const metadata = { client_name: 'Code Tool', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' }
    const headers = { 'content-type': 'application/json' }
    const registered = await fetch(`${issuer}/oauth/register`, { method: 'POST', headers, body: JSON.stringify(metadata) })
    const { client_id } = await registered.json()
    const unchecked = page.getByText('Les administrateurs n’ont pas vérifié son nom.')
    const { url, verifier } = request({ client_id })
    await page.goto(url)
    await unchecked.waitFor()
    await see('sign in')
    await page.getByLabel('Nom d’utilisateur').fill(given('JETON_USER'))
    await page.getByLabel('Mot de passe').fill(given('PASSWORD'))
    await click(page, 'Se connecter')
    await reads(page, 'Autoriser Code Tool')
    await unchecked.waitFor()
    await page.getByText('un programme sur cet ordinateur').waitFor()
    await see('consent')
    await click(page, 'Autoriser')
    await back(page)
    equal((await redeem(verifier, client_id)).token_type, 'Bearer')
    await page.goto(`${issuer}/account`)
    await unchecked.waitFor()
    await see('account')
  })

await fresh('denies', {}, async (page) => {
  await page.goto(request().url)
  await signIn(page)
  await click(page, 'Deny')
  await back(page)
  const { error, state, iss, code } = came.last
  deepEqual([error, state, iss, code], ['access_denied', 'a state', issuer, undefined])
})

await fresh('needs no mouse', {}, async (page) => {
  const { url, verifier } = request()
  await page.goto(url)
  await focuses(page, 'username')
  const outlined = () => page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
  equal(await outlined(), 'solid', 'the first field has the focus, and shows it')
  await page.keyboard.type(given('JETON_USER'))
  await page.keyboard.press('Tab')
  await page.keyboard.type(given('PASSWORD'))
  await page.keyboard.press('Enter')
  await reads(page, 'Allow APP')
  await page.waitForLoadState()
  const stops = []
  for (let nth = 0; nth < 5; nth++) {
    await page.keyboard.press('Tab')
    equal(await outlined(), 'solid')
    stops.push(await page.evaluate('document.activeElement.name || document.activeElement.textContent'))
    if (stops.at(-1) === 'allow:write') await page.keyboard.press('Space')
  }
  deepEqual(stops, ['allow:read', 'allow:write', 'decision', 'decision', `Not ${given('JETON_USER')}? Sign out`])
  await page.getByRole('button', { name: 'Allow', exact: true }).focus()
  await page.keyboard.press('Enter')
  await back(page)
  equal((await redeem(verifier)).scope, 'read')
})

await fresh('goes back, and decides again', {}, async (page) => {
  const { url, verifier } = request()
  await page.goto(url)
  await signIn(page)
  await click(page, 'Allow')
  await back(page)
  const first = came.last.code
  await page.goBack()
  await reads(page, 'Allow APP')
  await click(page, 'Allow')
  await back(page)
  notEqual(came.last.code, first)
  equal((await redeem(verifier)).token_type, 'Bearer')
})

await fresh('decides the same twice, and is sent to the same place', {}, async (page) => {
  const { url, verifier } = request()
  await page.goto(url)
  await signIn(page)
  await reads(page, 'Allow APP')
  const fields = await page.locator('form input').evaluateAll((inputs) => inputs.map(({ name, value }) => [name, value]))
  const form = { ...Object.fromEntries(fields.slice(0, -1)), decision: 'allow' } // the last one is of signing out
  const send = () => page.context().request.post(url, { form, maxRedirects: 0 })
  const [one, two] = await Promise.all([send(), send()])
  deepEqual([one.status(), one.headers().location], [303, two.headers().location])
  await page.getByRole('button', { name: 'Allow', exact: true }).dblclick()
  await back(page)
  equal(one.headers().location.includes(came.last.code), true)
  equal((await redeem(verifier)).token_type, 'Bearer')
})

for (const [name, variant] of variants)
  await fresh(`starts again from a page that is too old (${name})`, variant, async (page, see) => {
    await page.goto(request().url)
    await page.context().clearCookies()
    await signIn(page)
    await page.getByRole('alert').waitFor()
    equal(await page.title(), 'This page has expired · Jeton')
    await see('login form')
    await signIn(page)
    await reads(page, 'Allow APP')
    await page.locator('input[name=page]').evaluate((input) => (input.value = `1.${input.value}`))
    await click(page, 'Allow')
    await reads(page, 'This page has expired')
    await see('consent page')
    await page.getByRole('link', { name: 'Try again' }).click()
    await reads(page, 'Allow APP')
    await click(page, 'Allow')
    await back(page)
    equal(typeof came.last.code, 'string')
  })

await fresh('signs in within one tab, and goes on in the other', {}, async (page) => {
  await page.goto(request().url)
  const other = await page.context().newPage()
  await other.goto(request({ state: 'other' }).url)
  await signIn(page)
  await reads(page, 'Allow APP')
  await signIn(other)
  await reads(other, 'Allow APP')
  for (const [tab, state] of [[other, 'other'], [page, 'a state']]) {
    await click(tab, 'Allow')
    await back(tab)
    deepEqual([typeof came.last.code, came.last.state], ['string', state])
  }
})

await fresh('is sent on to another site by the application', {}, async (page) => {
  await page.goto(request({ state: 'onward' }).url)
  await signIn(page)
  await click(page, 'Allow')
  await page.waitForURL(onward)
  equal(typeof came.last.code, 'string')
})

await fresh('is sent to an application on the device', {}, async (page, see) => {
  const scheme = 'com.example.app:/callback'
  await page.goto(request({ client_id: given('NATIVE_CLIENT_ID'), redirect_uri: scheme }).url)
  await signIn(page)
  await reads(page, 'Allow NATIVE')
  await page.getByText('com.example.app:', { exact: true }).waitFor()
  await see('consent')
  const response = page.waitForResponse((response) => response.status() === 303)
  await click(page, 'Allow')
  const { location } = await (await response).allHeaders()
  equal(location.startsWith(`${scheme}?code=`), true, location)
})

await fresh('receives the code in the fragment, which no server sees', {}, async (page) => {
  const { url, verifier } = request({ response_mode: 'fragment' })
  await page.goto(`${url}#code=of-another-user`)
  await signIn(page)
  await click(page, 'Allow')
  await back(page)
  deepEqual(came.last, { method: 'GET' })
  came.last = Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.slice(1)))
  deepEqual(Object.keys(came.last).sort(), ['code', 'iss', 'state'])
  equal((await redeem(verifier)).token_type, 'Bearer')
})

await fresh('posts the response as a form, without a click', {}, async (page, see) => {
  await page.goto(request({ response_mode: 'form_post' }).url)
  await signIn(page)
  await page.route(redirect_uri, (route) => route.abort('aborted')) // so that there is time to look at the page
  await click(page, 'Allow')
  await reads(page, 'Back to APP')
  await see('form post')
  await page.unroute(redirect_uri)
  await page.reload()
  await back(page)
  const { code, ...rest } = came.last
  deepEqual([typeof code, rest], ['string', { method: 'POST', state: 'a state', iss: issuer }])
})

await fresh('does everything without JavaScript', { javaScriptEnabled: false }, async (page) => {
  await page.goto(request({ response_mode: 'form_post' }).url)
  await signIn(page, 'not the password')
  await page.getByRole('alert').waitFor()
  await signIn(page)
  await click(page, 'Allow')
  await reads(page, 'Back to APP')
  await click(page, 'Continue')
  await back(page)
  deepEqual([came.last.method, typeof came.last.code], ['POST', 'string'])
})

await fresh('signs out of the consent page', {}, async (page) => {
  await page.goto(request().url)
  await signIn(page)
  await page.getByRole('button', { name: /Sign out/ }).click()
  await reads(page, 'You are signed out')
})

for (const [name, variant] of variants)
  await fresh(`clicks through the demo (${name})`, variant, async (page) => {
    const output = (title) =>
      page.locator('section', { has: page.getByRole('heading', { name: title, exact: true }) }).locator('pre').nth(1)
    await page.goto(issuer.replace('127.0.0.1', 'localhost')) // it goes to the demo, and to the address itself
    await page.waitForURL(`${issuer}/demo`)
    await click(page, 'Sign in with Jeton')
    await signIn(page)
    await click(page, 'Allow')
    const tokens = async (title) => JSON.parse((await output(title).innerText()).replace(/^200\s+/, ''))
    const first = await tokens('The code is exchanged for tokens')
    const claims = JSON.parse(await output('The ID token says who signed in').innerText())
    await page.getByRole('status').filter({ hasText: `Signed in: ${given('JETON_USER')}` }).waitFor()
    await click(page, 'Ask for UserInfo')
    equal((await tokens('UserInfo')).sub, claims.sub)
    await click(page, 'Refresh')
    const second = await tokens('Refreshed')
    equal(first.refresh_token === second.refresh_token, false)
    await click(page, 'Refresh again with the old token')
    equal((await tokens('The old refresh token again')).refresh_token, second.refresh_token)
    await click(page, 'Revoke')
    equal((await output('Revoked').innerText()).startsWith('200'), true)
    await click(page, 'Sign out')
    await page.getByRole('status').filter({ hasText: 'Signed out of Jeton.' }).waitFor()
    equal(page.url(), `${issuer}/demo`)
    await page.goto(`${issuer}/account`)
    await page.getByLabel('Password').waitFor()
    equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, 'the demo is too wide')
  })

// Last, because the user cannot sign in for a while afterwards. All attempts must be in one window: each begins at a quarter
// of an hour.
for (const [name, variant] of variants) {
  const left = 900_000 - (Date.now() % 900_000)
  if (left < 60_000) await new Promise((resolve) => setTimeout(resolve, left))
  await fresh(`sees the rate limit of attempts (${name})`, variant, async (page, see) => {
    await page.goto(request().url)
    for (let nth = 0; nth <= 10 && !(await page.title()).startsWith('Too many attempts'); nth++) {
      const answered = page.waitForEvent('load')
      await signIn(page, 'not the password')
      await answered
    }
    equal(await page.title(), 'Too many attempts · Jeton')
    await page.getByText(/Please try again in (1?\d minutes?|\d{1,2} seconds?)\./).waitFor()
    await see('too many attempts')
  })
}

await close()
