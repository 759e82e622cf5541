// Checks, one line each, in the form that tests/clients/run reads.

/** Runs `test` and reports whether it throws. Returns its result. */
export async function check(name, test) {
  try {
    const result = await test()
    console.log(`ok ${name}`)
    return result
  } catch (error) {
    console.log(`not ok ${name}: ${String(error).replaceAll('\n', ' ')}`)
  }
}

/** Returns an environment variable that `tests/clients/run` sets. */
export function given(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}
