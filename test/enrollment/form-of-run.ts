import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes an order form with the request of a run into a folder, for `order submit`. Returns the file. */
export async function formOfRun(run: { readonly folder: string }, folder: string): Promise<string> {
  const form = join(folder, 'form.yaml')
  const csr = JSON.stringify(await readFile(join(run.folder, 'request.csr.pem'), 'utf8'))
  await writeFile(form, `days: 365\nproduct: 506\nappRepEmailAddress: a@example.org\ncsr: ${csr}\n`)
  return form
}
