import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { Output } from './output.ts'

function written(use: (output: Output) => void): string {
  let text = ''
  const stream = () =>
    new Writable({
      write: (chunk, _encoding, done) => {
        text += String(chunk)
        done()
      },
    })
  use(new Output({ json: true, quiet: false, stdout: stream(), stderr: new Writable(), env: {} }))
  return text
}

const HOSTILE = 'a\u0085b\u2028c\u2029d\u009b31m\u007f\u001b[2J\n'

it('a line of JSON Lines stays one line for every reader, and moves no terminal', () => {
  const text = written((output) => output.line({ text: HOSTILE }, () => ''))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(text).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]+\n$/)
  expect(JSON.parse(text)).toEqual({ text: HOSTILE })
})

it('after JSON Lines an error is one line too, and names the run that was open', () => {
  const text = written((output) => {
    output.line({}, () => '')
    output.belongsTo('2026-11-22-k7f3qa')
    output.failure({ code: 'a.b', message: 'c', remedy: 'd', exitCode: 3 })
  })
  expect(text.split('\n').slice(1)).toEqual([
    '{"error":{"code":"a.b","message":"c","remedy":"d","exitCode":3,"run":"2026-11-22-k7f3qa"}}',
    '',
  ])
})
