/** Goes into every bundle: how it is verified without hsm-enroll. docs/bundle.md says the same at length. */
export const BUNDLE_README = `A bundle of one hsm-enroll run.

  statement.pae    what witnesses sign: the hash of every file below, in JSON (DSSE, in-toto)
  run/             the journal of the run (a hash chain) and every file that it recorded
  ceremony/        where there was one: its script, its log (a hash chain), the device and the tool as recorded
  report.html      the same for people; report.json for programs
  letters/         letters to sign: each sentence is there only if the record shows it
  signatures/      signatures over statement.pae, made after it
  timestamps/      N.sums: the files that existed; N.tsq and N.tsr: an RFC 3161 time stamp over N.sums

Verify it with \`hsm-enroll bundle verify\`, or with contrib/verify-bundle.py (Python and OpenSSL alone), or part by part:

  ssh-keygen -Y verify -f allowed_signers -I NAME -n bundle@hsm-enroll -s signatures/1.sshsig < statement.pae
  minisign -V -p NAME.pub -m statement.pae -x signatures/2.minisig
  openssl cms -verify -binary -inform DER -in signatures/3.p7s -content statement.pae -CAfile ROOT.pem -purpose any -out /dev/null
  openssl ts -verify -data timestamps/1.sums -in timestamps/1.tsr -CAfile TSA-ROOT.pem
  sha256sum -c timestamps/1.sums

The keys and roots come from you, not from the bundle.
`
