// A client program, in a process of its own.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { address } from './user.js'

/** The milliseconds for an answer of the program, which may wait for the user and the browser. */
const deadline = 180_000

export class Host {
  /** Starts `command` with the URL of an MCP server and the path of a store. */
  constructor(command, url, store, env = {}) {
    this.process = spawn(command[0], [...command.slice(1), url, store], {
      env: { ...process.env, BROWSER: `${import.meta.dirname}/browser`, USER_SERVICE: address, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.process.stdin.on('error', () => {}) // it has ended, which its output tells
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]()
  }

  /** Sends a request to the program, and returns its result. Throws its error. */
  async ask(request) {
    let timer
    const late = new Promise((_, reject) => (timer = setTimeout(reject, deadline, new Error('no answer'))))
    this.process.stdin.write(`${JSON.stringify(request)}\n`)
    const { value } = await Promise.race([this.lines.next(), late]).finally(() => clearTimeout(timer))
    const { result, error } = JSON.parse(value ?? '{"error": "the program ended"}')
    if (error) throw new Error(error)
    return result
  }

  list = () => this.ask({})
  read = () => this.ask({ tool: 'list_notes' })
  write = (text) => this.ask({ tool: 'add_note', arguments: { text } })

  async stop() {
    if (this.process.exitCode !== null) return
    const ended = new Promise((exit) => this.process.once('exit', exit))
    this.process.kill('SIGKILL')
    await ended
  }
}

/** What the environment of a program gains so that its clock is that of the server, which the file CLOCK moves. */
export function clock() {
  const { CLOCK, CLOCK_LIBRARY, CLOCK_SHARED } = process.env
  if (!CLOCK_LIBRARY) return {}
  return {
    LD_PRELOAD: CLOCK_LIBRARY,
    FAKETIME_SHARED: CLOCK_SHARED,
    FAKETIME_TIMESTAMP_FILE: CLOCK,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}
