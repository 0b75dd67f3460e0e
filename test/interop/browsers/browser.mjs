// A browser of the system with the page in it, opened as a file, and everything that it asked the network for.
import { pathToFileURL } from 'node:url'
import puppeteer from 'puppeteer-core'

const PROGRAMS = { chrome: '/usr/bin/chromium', firefox: '/usr/bin/firefox-esr' }

/** What browsers ask for by themselves must not hide what the page asks for. */
const CHROME_ARGUMENTS = [
  ...['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...['--no-first-run', '--disable-default-apps', '--disable-dev-shm-usage'],
]

/** `dark`: as if the system were set so. `requests` are the addresses that the page asked for, `file:` included. */
export async function openPage(name, file, { dark = false, width = 1200, height = 900 } = {}) {
  const browser = await puppeteer.launch({
    browser: name,
    executablePath: PROGRAMS[name],
    headless: true,
    args: name === 'chrome' ? CHROME_ARGUMENTS : [],
    protocolTimeout: 1_800_000,
    ...(name === 'firefox' ? { extraPrefsFirefox: { 'ui.systemUsesDarkTheme': dark ? 1 : 0 } } : {}),
  })
  const page = await browser.newPage()
  await page.setViewport({ width, height })
  if (name === 'chrome')
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }])
  const requests = []
  const dialogs = []
  const faults = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  await page.goto(pathToFileURL(file).href)
  return { browser, page, requests, dialogs, faults }
}

export const bytesOf = ({ base64 }) => Buffer.from(base64, 'base64')
