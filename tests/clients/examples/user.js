// The user of the demo, in Chromium.

import { user } from './server.js'

export const click = (page, name) => page.getByRole('button', { name, exact: true }).click()

/** Signs in at the login page. */
export async function signIn(page) {
  await page.getByLabel('User name').fill(user.name)
  await page.getByLabel('Password').fill(user.password)
  await click(page, 'Sign in')
}
