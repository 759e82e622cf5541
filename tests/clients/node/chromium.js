// Chromium, with checks of every page: a clean console, no horizontal scrolling, and WCAG 2.2 AA; and the application
// that the browser returns to.
//
// CHROMIUM is the path of the browser; SHOTS, if set, a directory for pictures of the pages.

import { deepEqual, equal } from 'node:assert/strict'
import { createServer } from 'node:http'
import { join } from 'node:path'
import axe from 'axe-core'
import { chromium } from 'playwright-core'
import { check, given } from './checks.js'

/** The last request of the browser to the application: its method and parameters. */
export const came = {}

async function listen(handler) {
  const server = createServer(handler)
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return server
}

const port = (server) => server.address().port

/** Another site, which the application may redirect users to. */
const elsewhere = await listen((_, response) =>
  response.setHeader('content-type', 'text/html').end('<title>Elsewhere</title>'),
)
/** The address of the other site. */
export const onward = `http://localhost:${port(elsewhere)}/`

const application = await listen(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  const url = new URL(request.url, 'http://127.0.0.1')
  if (url.pathname === '/callback') {
    const parameters = new URLSearchParams(request.method === 'POST' ? body : url.search)
    came.last = { method: request.method, ...Object.fromEntries(parameters) }
    if (came.last.state === 'onward') return response.writeHead(303, { location: onward }).end()
  }
  response.setHeader('content-type', 'text/html').end('<title>The application</title>')
})
/** The redirect URI of the application. */
export const redirect_uri = `http://127.0.0.1:${port(application)}/callback`

const browser = await chromium.launch({
  executablePath: given('CHROMIUM'),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})

/** Closes the browser and both servers. */
export async function close() {
  await browser.close()
  for (const server of [application, elsewhere]) {
    server.closeAllConnections()
    server.close()
  }
}

/** The milliseconds that a page has to do what a check waits for. */
export const patience = 30_000

/** Two widths, in light and in dark. */
export const variants = [
  ['narrow', { viewport: { width: 320, height: 640 } }],
  ['wide', { viewport: { width: 1280, height: 800 } }],
].flatMap(([size, variant]) => [
  [`${size}, light`, { ...variant, colorScheme: 'light' }],
  [`${size}, dark`, { ...variant, colorScheme: 'dark' }],
])

/** Audits `page` by the rules of WCAG 2.2, A and AA, and good practice. Returns the violations. */
async function audit(page) {
  await page.evaluate(axe.source)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const { violations } = await page.evaluate((tags) => {
    return globalThis.axe.run({ runOnly: tags, rules: { 'target-size': { enabled: true } } })
  }, tags)
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`))
}

/**
 * Runs `walk` with a page of a browser without cookies. Fails if a page of that browser writes to the console or
 * violates its policy.
 */
export async function fresh(what, variant, walk) {
  const context = await browser.newContext({ locale: 'en-US', ...variant, reducedMotion: 'reduce' })
  context.setDefaultTimeout(patience)
  const complaints = []
  await context.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`${event.violatedDirective} blocks ${event.blockedURI}`),
    ),
  )
  context.on('console', (message) => {
    // The console also reports a page's own status, which may be an error on purpose.
    if (['error', 'warning'].includes(message.type()) && !/favicon|Failed to load resource/.test(message.text()))
      complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  came.last = undefined
  let shots = 0
  /** Checks that a page fits its window, audits it, and takes its picture. */
  async function see(name, page = context.pages()[0]) {
    const file = `${what} ${++shots} ${name}.png`.replaceAll(/[ ,:()]+/g, '-')
    if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, file), fullPage: true })
    equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, `${name} is too wide`)
    deepEqual(await audit(page), [], name)
  }
  await check(what, async () => {
    await walk(await context.newPage(), see)
    deepEqual(complaints, [])
  })
  await context.close()
}
