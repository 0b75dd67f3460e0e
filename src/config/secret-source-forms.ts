/** Ways to hand over a secret without putting it on a command line. */
const SECRET_SOURCES = [
  { form: 'file:PATH', description: 'first line of a file' },
  { form: 'fd:N', description: 'first line of an open file descriptor' },
  { form: 'env:NAME', description: 'an environment variable' },
  { form: 'credential:NAME', description: 'a systemd credential ($CREDENTIALS_DIRECTORY/NAME)' },
  { form: 'exec:COMMAND ARG…', description: 'first line that a command prints (no shell)' },
  { form: 'prompt', description: 'asked at the terminal' },
] as const

/** `file:, fd:, env:, credential:, exec:, prompt`, for messages. */
export const SECRET_SOURCE_FORMS = SECRET_SOURCES.map(({ form }) => form.replace(/:.*/, ':')).join(', ')
