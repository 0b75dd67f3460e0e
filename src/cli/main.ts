#!/usr/bin/env node
import { runCli } from './run-cli.ts'
import { keepStreams } from './standard-streams.ts'

keepStreams()
process.exitCode = await runCli(process.argv.slice(2))
