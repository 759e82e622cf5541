// A user's own account in Chromium: sessions, a changed password and a reset link, on a phone and on a desktop, in light and
// in dark, and by the keyboard alone.

import { equal } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { given } from './checks.js'
import { close, fresh, patience, variants } from './chromium.js'
import { back, click, focuses, issuer, reads, redeem, request, signIn } from './visit.js'

const next = 'a second long password'

/** Runs the command on the server's tables. Returns its output. */
function jeton(input, ...parameters) {
  const all = ['--json', '--endpoint-url', given('DYNAMODB'), ...parameters]
  return JSON.parse(execFileSync(given('JETON'), all, { input, stdio: ['pipe', 'pipe', 'ignore'] }))
}

let users = 0
/** Creates a user with the password of all. Returns the name. */
function createUser() {
  const name = `ada-${++users}`
  jeton(given('PASSWORD'), 'user', 'create', name, '--password-stdin')
  return name
}

const resetLink = (user) => jeton('', 'user', 'reset-password', user, '--issuer', issuer).url

/** Signs `user` in with another browser. Returns a page of it. */
async function elsewhere(page, user) {
  const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1'
  const context = await page.context().browser().newContext({ userAgent, locale: 'en-US' })
  context.setDefaultTimeout(patience)
  const other = await context.newPage()
  await other.goto(`${issuer}/login`)
  await signIn(other, given('PASSWORD'), user)
  await reads(other, 'You are signed in')
  return other
}

const go = (page, link) => page.getByRole('link', { name: link, exact: true }).click()

for (const [name, variant] of variants)
  await fresh(`lives in the account (${name})`, variant, async (page, see) => {
    const user = createUser()
    const { url, verifier } = request()
    await page.goto(url)
    await signIn(page, given('PASSWORD'), user)
    await click(page, 'Allow')
    await back(page)
    await redeem(verifier)
    const other = await elsewhere(page, user)
    await page.goto(`${issuer}/account`)
    await reads(page, 'Your account')
    await see('applications')
    await go(page, 'Sessions')
    await reads(page, 'Sessions')
    await page.getByText('Safari on iPhone').waitFor()
    await see('sessions')
    await page.getByRole('button', { name: /^End session: Safari on iPhone/ }).click()
    await page.getByText('Safari on iPhone').waitFor({ state: 'detached' })
    await other.reload()
    await reads(other, 'Sign in')
    await signIn(other, given('PASSWORD'), user)
    await reads(other, 'You are signed in')
    await go(page, 'Password')
    await reads(page, 'Change password')
    await see('change password')
    await page.getByLabel('Current password').fill('not the password')
    await page.getByLabel('New password').fill(next)
    await click(page, 'Change password')
    await page.getByRole('alert').waitFor()
    await focuses(page, 'current')
    await see('wrong password')
    await page.getByLabel('Current password').fill(given('PASSWORD'))
    await page.getByLabel('New password').fill(next)
    await click(page, 'Change password')
    await reads(page, 'Your password is changed')
    await see('changed')
    await go(page, 'Your account')
    await page.getByText('No application uses your account.').waitFor()
    await other.reload()
    await reads(other, 'Sign in')
    await other.context().close()
  })

for (const [name, variant] of variants)
  await fresh(`sets a new password by a link (${name})`, variant, async (page, see) => {
    const user = createUser()
    const link = resetLink(user)
    await page.goto(link)
    await reads(page, 'Set a new password')
    equal(await page.getByLabel('User name').inputValue(), user)
    await see('form')
    await page.context().clearCookies()
    await page.getByLabel('New password').fill(next)
    await click(page, 'Set a new password')
    await page.getByText('This page had expired.').waitFor()
    await see('expired')
    await page.getByLabel('New password').fill(next)
    await click(page, 'Set a new password')
    await reads(page, 'Your new password is set')
    await see('set')
    await go(page, 'Sign in')
    await signIn(page, next, user)
    await reads(page, 'You are signed in')
    await page.goto(link)
    await reads(page, 'This link does not work')
    await see('used')
  })

await fresh('reads its account in French', { ...variants[0][1], locale: 'fr-FR' }, async (page, see) => {
  const user = createUser()
  await page.goto(resetLink(user))
  await reads(page, 'Choisir un nouveau mot de passe')
  await see('reset')
  await page.goto(`${issuer}/login?to=account`)
  await page.getByLabel('Nom d’utilisateur').fill(user)
  await page.getByLabel('Mot de passe').fill(given('PASSWORD'))
  await click(page, 'Se connecter')
  await reads(page, 'Votre compte')
  const other = await elsewhere(page, user)
  await go(page, 'Sessions')
  await page.getByText('Safari sur iPhone').waitFor()
  await see('sessions')
  await other.context().close()
  await go(page, 'Mot de passe')
  await page.getByLabel('Mot de passe actuel').fill(given('PASSWORD'))
  await page.getByLabel('Nouveau mot de passe').fill(next)
  await see('password')
  await click(page, 'Changer le mot de passe')
  await reads(page, 'Votre mot de passe est changé')
  await see('changed')
})

await fresh('needs no mouse in the account', {}, async (page) => {
  const user = createUser()
  const press = (key) => page.keyboard.press(key)
  const focused = () =>
    page.evaluate(() => {
      const { name, textContent, ariaLabel } = document.activeElement
      return [getComputedStyle(document.activeElement).outlineStyle, ariaLabel || name || textContent.trim()]
    })
  /** Presses Tab until an element whose name begins with `what` has the focus. Every stop on the way must show that it has it. */
  async function tabTo(what) {
    await page.waitForLoadState()
    for (let nth = 0; nth < 20; nth++) {
      await press('Tab')
      const [outline, name] = await focused()
      equal(outline, 'solid', `${name} does not show that it has the focus`)
      if (name.startsWith(what)) return
    }
    throw new Error(`the keyboard does not reach ${what}`)
  }
  await page.goto(`${issuer}/login?to=account`)
  await focuses(page, 'username')
  await page.keyboard.type(user)
  await press('Tab')
  await page.keyboard.type(given('PASSWORD'))
  await press('Enter')
  await reads(page, 'Your account')
  const other = await elsewhere(page, user)
  await tabTo('Sessions')
  await press('Enter')
  await reads(page, 'Sessions')
  await tabTo('End session: Safari on iPhone')
  await press('Space')
  await page.getByText('Safari on iPhone').waitFor({ state: 'detached' })
  await other.context().close()
  await tabTo('Password')
  await press('Enter')
  await reads(page, 'Change password')
  await tabTo('current')
  await page.keyboard.type(given('PASSWORD'))
  await tabTo('new')
  await page.keyboard.type(next)
  await tabTo('everything')
  await press('Space')
  equal(await page.getByRole('checkbox').isChecked(), false)
  await tabTo('Change password')
  await press('Enter')
  await page.getByText('keep their access').waitFor()
  await tabTo('Your account')
  await press('Enter')
  await reads(page, 'Your account')
  await page.goto(resetLink(user))
  await focuses(page, 'new')
  equal((await focused()).join(), 'solid,new', 'the field has the focus, and shows it')
  await page.keyboard.type('a third long password')
  await press('Enter')
  await reads(page, 'Your new password is set')
  await tabTo('Sign in')
  await press('Enter')
  await signIn(page, 'a third long password', user)
  await reads(page, 'You are signed in')
})

await fresh('lives in the account without JavaScript', { javaScriptEnabled: false }, async (page) => {
  const user = createUser()
  await page.goto(`${issuer}/login?to=account`)
  await signIn(page, given('PASSWORD'), user)
  await go(page, 'Password')
  await page.getByLabel('Current password').fill(given('PASSWORD'))
  await page.getByLabel('New password').fill(next)
  await click(page, 'Change password')
  await reads(page, 'Your password is changed')
  await page.goto(resetLink(user))
  await page.getByLabel('New password').fill(given('PASSWORD'))
  await click(page, 'Set a new password')
  await reads(page, 'Your new password is set')
})

await close()
