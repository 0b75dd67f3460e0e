/** Asks at the terminal, on stderr so that stdout stays clean. The libraries load only when somebody is asked. */
export async function promptSecret(message: string): Promise<string> {
  const { default: password } = await import('@inquirer/password')
  return password({ message, mask: false }, { output: process.stderr })
}

export async function promptYes(message: string): Promise<boolean> {
  const { default: confirm } = await import('@inquirer/confirm')
  return confirm({ message, default: false }, { output: process.stderr })
}
