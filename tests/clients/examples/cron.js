// examples/cron: a job that gets a token for itself.

import { deepEqual, equal, match } from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { check } from '../checks.js'
import { Example } from './example.js'
import { clocked, clockMoves, folder, front, jeton, pass } from './server.js'

const mode = (path) => (statSync(path).mode & 0o777).toString(8)

/** Returns the command lines of all processes. */
function commandLines() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((id) => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'utf8')
    } catch {
      return '' // it has ended
    }
  })
}

export async function run() {
  const test = (what, promise) => check(`cron: ${what}`, promise)
  const example = await Example.copy('cron')
  const cache = join(folder, 'cache')
  Object.assign(example.env, { HOME: folder, CACHE: cache })
  const job = (settings = '') => example.run(`${settings} ./notes`, clocked)
  const granted = () => front.to('/oauth/token').length
  const calls = () => front.to('/api/notes').length
  async function succeeds(tokens, { apiCalls = 1, warnings = /^$/, settings } = {}) {
    const { status, stdout, stderr } = await job(settings)
    equal(status, 0, stderr)
    match(stderr, warnings)
    match(stdout, /"scope":"read"/)
    deepEqual([granted(), calls()], [tokens, apiCalls])
    front.forget()
  }

  const started = await test('calls the API by the commands of its README', async () => {
    const lines = []
    front.fault = () => void lines.push(...commandLines())
    const { status, stdout, stderr } = await example.run(example.blocks[0], clocked)
    equal(status, 0, stderr)
    match(stdout, /"scope":"read"/)
    equal(mode(join(example.folder, 'credentials')), '600')
    equal(mode(join(cache, 'token.json')), '600')
    deepEqual(readdirSync(cache), ['token.json'])
    const [{ response }] = front.to('/oauth/token')
    const [, secret] = readFileSync(join(example.folder, 'credentials'), 'utf8').match(/:(jts_\w+)"/)
    equal(lines.some((line) => line.startsWith('curl')), true)
    for (const hidden of [secret, JSON.parse(response).access_token])
      equal(lines.some((line) => line.includes(hidden)), false, 'a secret is an argument')
    front.forget()
    return true
  })
  if (!started) return
  const credentials = join(example.folder, 'credentials')
  const [, id] = readFileSync(credentials, 'utf8').match(/"(\w+):/)

  await test('uses the cached token the second time', () => succeeds(0))
  if (clockMoves)
    await test('gets a token a minute before the cached one expires', async () => {
      pass(3600 - 90)
      await succeeds(0)
      pass(31)
      await succeeds(1)
    })
  await test('gets another token when the cached one was revoked', async () => {
    await jeton('token', 'revoke-all', '--client', id)
    await succeeds(1, { apiCalls: 2 })
  })
  await test('sends a cached token for no other API, issuer or client', async () => {
    const { client_id, client_secret } = await jeton('client', 'create', '--name', 'other job', '--scope', 'read')
    const credentials = join(folder, 'other-credentials')
    writeFileSync(credentials, `user = "${client_id}:${client_secret}"\n`)
    for (const settings of ['API=$API?other', 'ISSUER=${ISSUER/127.0.0.1/localhost}', `CREDENTIALS=${credentials}`]) {
      await succeeds(1, { settings })
      await succeeds(0, { settings })
      await succeeds(1)
    }
  })
  for (const status of [503, 429])
    await test(`waits and tries again on ${status}, for a token and at the API`, async () => {
      rmSync(join(cache, 'token.json'))
      const failed = new Set()
      front.fault = ({ path }) => {
        if (failed.has(path)) return
        failed.add(path)
        return { status, headers: { 'retry-after': '1' } }
      }
      const before = performance.now()
      await succeeds(2, { apiCalls: 2, warnings: new RegExp(`error: ${status}`) })
      equal(performance.now() - before >= 2000, true, 'it did not wait')
    })
  await test('fails without the scope, and says so', async () => {
    front.fault = ({ path }) => path === '/api/notes' && { status: 403 }
    const { status, stdout, stderr } = await job()
    deepEqual([status, stdout, stderr], [1, '', 'The API answered 403.\n'])
    front.forget()
  })
  await test('fails with a wrong secret, and caches nothing', async () => {
    const right = readFileSync(credentials, 'utf8')
    rmSync(join(cache, 'token.json'))
    writeFileSync(credentials, right.replace(/\w{6}"/, '000000"'))
    const { status, stdout, stderr } = await job()
    deepEqual([status !== 0, stdout], [true, ''])
    match(stderr, /invalid_client/)
    deepEqual([calls(), existsSync(join(cache, 'token.json'))], [0, false])
    writeFileSync(credentials, right)
    front.forget()
    await succeeds(1)
  })
  await test('fails without JSON, and caches nothing', async () => {
    rmSync(join(cache, 'token.json'))
    front.fault = ({ path }) => path === '/oauth/token' && { status: 200, body: '<html>' }
    const { status, stdout } = await job()
    deepEqual([status !== 0, stdout, calls(), readdirSync(cache)], [true, '', 0, []])
    front.forget()
    await succeeds(1)
  })
  await test('fails when the API refuses its token and no other is issued', async () => {
    front.fault = ({ path }) => (path === '/api/notes' ? { status: 401 } : { status: 400, body: '{"error":"invalid_scope"}' })
    const { status, stdout } = await job()
    deepEqual([status !== 0, stdout, calls(), granted()], [true, '', 1, 1])
    front.forget()
  })
}
