// Loaded with `node --import`: writes Node.js's diagnostic report, as a crash would, when the enrolment is over and every secret was in use.
process.on('exit', () => {
  process.report.writeReport(process.env.HSM_ENROLL_TEST_REPORT)
})
