// A user with a browser, Chromium, who signs in and allows what a client program requests.

import { createServer } from 'node:http'
import axe from 'axe-core'
import { chromium } from 'playwright-core'
import { given } from './checks.js'

const proxy = process.env.HTTPS_PROXY && { server: process.env.HTTPS_PROXY, bypass: process.env.NO_PROXY }
const browser = await chromium.launch({
  proxy,
  executablePath: given('CHROMIUM'),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
})

/** Returns what a page violates of WCAG 2.2, A and AA. */
async function violations(page) {
  await page.evaluate(axe.source)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
  const found = await page.evaluate((runOnly) => globalThis.axe.run({ runOnly }), tags)
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`))
}

/**
 * Opens an authorization URL in a browser without cookies, signs in and allows. Returns the parameters of the
 * authorization request and of the response, the status and the text of the first page, and the consent page.
 */
async function visit(url) {
  // The proxy has a certificate of its own.
  const options = { locale: 'en-US', reducedMotion: 'reduce', ignoreHTTPSErrors: Boolean(proxy) }
  const context = await browser.newContext(options)
  context.setDefaultTimeout(30_000)
  const seen = { request: Object.fromEntries(new URL(url).searchParams) }
  try {
    const page = await context.newPage()
    seen.status = (await page.goto(url)).status()
    seen.text = await page.innerText('body')
    if (seen.status !== 200) return seen
    await page.getByLabel('User name').fill(given('JETON_USER'))
    await page.getByLabel('Password').fill(given('PASSWORD'))
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    const allow = page.getByRole('button', { name: 'Allow', exact: true })
    await allow.waitFor()
    seen.consent = { text: await page.innerText('body'), violations: await violations(page) }
    await allow.click()
    await page.waitForURL((url) => url.href.startsWith(seen.request.redirect_uri))
    seen.response = Object.fromEntries(new URL(page.url()).searchParams)
  } catch (error) {
    seen.error = String(error)
  } finally {
    await context.close()
  }
  return seen
}

let begun = []
const waiting = []

const service = createServer(async (request, response) => {
  if (request.method === 'GET') return response.setHeader('content-type', 'text/html').end('<title>A page</title>')
  let url = ''
  for await (const part of request) url += part
  begun.push(visit(url))
  for (const resolve of waiting.splice(0)) resolve(begun.at(-1))
  response.end()
})
await new Promise((listening) => service.listen(0, '127.0.0.1', listening))

/** Where ./browser sends URLs. */
export const address = `http://127.0.0.1:${service.address().port}/`

/** Waits until the visits that have begun are over. Returns those since the last call. */
export function visits() {
  const seen = Promise.all(begun)
  begun = []
  return seen
}

/** Waits for one more visit, and its end. */
export const nextVisit = () => new Promise((resolve) => waiting.push(resolve))

/** Runs `script` with `argument` in a page of an origin of its own, and returns its result. */
export async function inPage(script, argument) {
  const page = await browser.newPage()
  await page.goto(address)
  return page.evaluate(script, argument).finally(() => page.close())
}

/** Closes the browser and the service. */
export async function close() {
  await browser.close()
  service.closeAllConnections()
  service.close()
}
