// The administrator's command, and MCP servers of others, each a resource and a process of its own.

import { execFile as callback, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { given } from './checks.js'
import { clock } from './host.js'

const execFile = promisify(callback)

/** Runs `jeton`, and returns what it prints. */
export async function administer(...command) {
  const options = ['--json', '--endpoint-url', given('DYNAMODB')]
  const { stdout } = await execFile(given('JETON'), [...options, ...command], { env: { ...process.env, ...clock() } })
  return JSON.parse(stdout)
}

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address()
  listener.close()
  return port
}

async function register(resource, name) {
  const scopes = ['--scope', 'read', '--scope', 'write', '--default-scope', 'read']
  await administer('resource', 'create', resource, '--name', name, ...scopes, '--open')
}

const programs = {
  'the TypeScript server': [process.execPath, 'notes.js'],
  'the Python server': [given('PYTHON_2'), 'notes.py'],
}

/** An MCP server that introspects, and the resource that it is. */
export class Server {
  /** Registers the server of that name, and starts it. Its URL is the resource. */
  static async start(name) {
    const server = new Server()
    process.on('exit', () => server.process?.kill())
    server.name = name
    server.url = server.resource = `http://127.0.0.1:${await freePort()}/mcp`
    await register(server.resource, `Notes of ${name}`)
    server.client = await administer('client', 'create', '--name', 'notes-api', '--resource-server', '--serves', server.url)
    await server.#run()
    return server
  }

  /** Makes the server another resource. Its URL stays. */
  async move(resource) {
    await register(resource, `Notes of ${this.name}`)
    await administer('client', 'update', this.client.client_id, '--serves', resource)
    await administer('resource', 'delete', this.resource)
    await this.stop()
    this.resource = resource
    await this.#run()
  }

  async #run() {
    const [command, file] = programs[this.name]
    const variables = {
      SERVER: this.url,
      RESOURCE: this.resource,
      API_CLIENT_ID: this.client.client_id,
      API_CLIENT_SECRET: this.client.client_secret,
    }
    this.process = spawn(command, [join(import.meta.dirname, 'servers', file)], {
      env: { ...process.env, ...clock(), ...variables },
      stdio: ['ignore', 2, 2],
    })
    for (const end = Date.now() + 60_000; ; await new Promise((later) => setTimeout(later, 100))) {
      if (await fetch(this.url).catch(() => {})) return
      if (this.process.exitCode !== null || Date.now() > end) throw new Error(`${this.name} does not start`)
    }
  }

  async stop() {
    const ended = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await ended
  }
}

/** Starts a server with each SDK. */
export async function startServers() {
  const servers = []
  for (const name in programs) servers.push(await Server.start(name))
  return servers
}
