// dist/check.html: the page in one file. Its own policy lets this script and this style run, by their hashes, and nothing else: no other
// script, no connection, no frame, no form.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { portable } from './portable.mjs'
import { thirdPartyNotices } from './third-party.mjs'

/** What issue and documentation promise of its size. */
const MOST_OCTETS = 600 * 1024

const escaped = (text) => text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character])
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Writes the page; `alias` as for the program. Returns the names of the files that it is made of. */
export async function buildPage(alias) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const common = {
    bundle: true,
    write: false,
    minify: true,
    logLevel: 'warning',
    charset: 'ascii',
    legalComments: 'none',
  }
  const script = await build({
    ...common,
    ...portable,
    entryPoints: ['src/page/page.ts'],
    format: 'iife',
    platform: 'browser',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    define: { VERSION: JSON.stringify(version) },
    alias,
    metafile: true,
    preserveSymlinks: true,
  })
  const style = await build({
    ...common,
    entryPoints: ['src/page/style.css'],
    target: ['chrome109', 'firefox115', 'safari16.4'],
  })
  // Neither may end its own element, and a browser reads line ends as one character before it hashes.
  const [code, sheet] = [script, style].map(({ outputFiles: [{ text }] }) => text.trim())
  if (/<\/script|<!--|\r/i.test(code) || /<\/style|\r/i.test(sheet))
    throw new Error('the page would end its own script or style')
  const policy = [
    "default-src 'none'",
    `script-src ${hash(code)}`,
    `style-src ${hash(sheet)}`,
    "connect-src 'none'",
    "img-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
  const inputs = Object.keys(script.metafile.inputs)
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>hsm-enroll check</title>
<style>${sheet}</style>
</head>
<body>
<noscript>This page computes with JavaScript, and sends nothing anywhere. Turn JavaScript on to use it.</noscript>
<template>${escaped(thirdPartyNotices(inputs).replaceAll('\r', ''))}</template>
<script>${code}</script>
</body>
</html>
`
  const octets = Buffer.byteLength(page)
  if (octets > MOST_OCTETS) throw new Error(`the page has ${octets} octets, more than ${MOST_OCTETS}`)
  writeFileSync('dist/check.html', page)
  return inputs
}
