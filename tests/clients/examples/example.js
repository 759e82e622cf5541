// An example, run in a copy by the commands of its README.

import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { given } from '../checks.js'
import { clocked, folder, issuer, tables } from './server.js'

const bin = join(folder, 'bin')
mkdirSync(bin)
const clock = Object.entries(clocked).map(([name, value]) => `${name}='${value}'`)
writeFileSync(join(bin, 'jeton'), `#!/bin/sh\nexec env ${clock.join(' ')} '${given('JETON')}' "$@"\n`)
chmodSync(join(bin, 'jeton'), 0o755)

/** Returns the shell blocks of a README. */
function blocks(path) {
  return [...readFileSync(path, 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block)
}

/** Returns a port that is free. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

const outcomes = new Set()
process.on('exit', () => outcomes.forEach(kill))
function kill(child) {
  try {
    process.kill(-child.pid)
  } catch {
    // it has ended
  }
}

export class Example {
  /** Copies the example `name`. `ports` are those that its README names: here they are free ones. */
  static async copy(name, ...ports) {
    const example = new Example()
    const from = join(given('EXAMPLES'), name)
    example.folder = join(given('COPIES'), name)
    mkdirSync(example.folder, { recursive: true })
    for (const file of readdirSync(example.folder))
      if (!['node_modules', '.venv'].includes(file)) rmSync(join(example.folder, file), { recursive: true })
    cpSync(from, example.folder, { recursive: true, filter: (path) => !/node_modules|\.venv/.test(path) })
    const addresses = new Map([['8080', new URL(issuer).port], ['8081', new URL(tables).port]])
    for (const port of ports) addresses.set(String(port), String(await freePort()))
    example.ports = ports.map((port) => addresses.get(String(port)))
    const here = (text) => text.replace(/\b(8080|8081|300\d)\b/g, (port) => addresses.get(port) ?? port)
    for (const file of readdirSync(example.folder).filter((name) => name.endsWith('.html')))
      writeFileSync(join(example.folder, file), here(readFileSync(join(example.folder, file), 'utf8')))
    example.setup = here(blocks(join(given('EXAMPLES'), 'README.md'))[0])
    /** The shell blocks of its README. */
    example.blocks = blocks(join(from, 'README.md')).map(here)
    example.env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, npm_config_prefer_offline: 'true',
      npm_config_audit: 'false', npm_config_update_notifier: 'false', PIP_DISABLE_PIP_VERSION_CHECK: '1' }
    return example
  }

  #spawn(script, env) {
    // The packages of the copy may be those of the last run.
    const options = { cwd: this.folder, env: { ...this.env, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], options)
    outcomes.add(child)
    child.on('exit', () => outcomes.delete(child))
    return child
  }

  /**
   * Runs commands in the terminal of the example, which stores its exported variables for the next ones. Returns the
   * status and the output.
   */
  async run(commands, env = {}) {
    const stored = join(folder, 'environment')
    const child = this.#spawn(`${this.setup}\n${commands}\nenv -0 >'${stored}'`, env)
    const ended = new Promise((resolve) => child.on('close', resolve))
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    const status = await ended
    if (status === 0 && existsSync(stored)) {
      const lines = readFileSync(stored, 'utf8').split('\0').filter(Boolean)
      const variables = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)))
      for (const name of Object.keys(env)) delete variables[name]
      this.env = { ...this.env, ...variables }
    }
    return { status, stdout, stderr }
  }

  /** Runs commands that serve at `port` until the returned function is called. */
  async serve(commands, port) {
    const child = this.#spawn(`${this.setup}\n${commands}`)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part))
    // The commands may download packages first.
    for (let tries = 0; tries < 9000; tries++) {
      if (child.exitCode !== null) throw new Error(`ended: ${output}`)
      try {
        await fetch(`http://127.0.0.1:${port}/`)
        return () => kill(child)
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    kill(child)
    throw new Error(`does not serve: ${output}`)
  }
}
