// Checks, reported a line each, as tests/clients/run wants them.

/** Reports whether `test` does without an exception; answers what it returns. */
export async function check(what, test) {
  try {
    const result = await test()
    console.log(`ok ${what}`)
    return result
  } catch (error) {
    console.log(`not ok ${what}: ${String(error).replaceAll('\n', ' ')}`)
  }
}

/** The variable that `tests/clients/run` sets. */
export function given(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}
