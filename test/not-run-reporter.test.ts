import { describe, expect, it } from 'vitest'
import { notRunReport } from './not-run-reporter.ts'

describe('what was not run', () => {
  it('is counted by file and named once, with what it needs', () => {
    const files = [
      { file: '/p/test/b.test.ts', tests: ['passed', 'skipped', 'skipped'] },
      { file: '/p/test/a.test.ts', tests: ['skipped'] },
      { file: '/p/test/c.test.ts', tests: ['passed'] },
      { file: '/p/test/d.test.ts', tests: ['passed', 'skipped'] },
    ]
    const records = [
      { file: '/p/test/b.test.ts', needs: '../shared/vectors' },
      { file: '/p/test/b.test.ts', needs: '../shared/vectors' },
      { file: '/p/test/a.test.ts', needs: 'pcscd' },
      { file: '/p/test/c.test.ts', needs: '../shared/vectors' },
    ]
    expect(notRunReport(files, records, '/p').trim().split('\n')).toEqual([
      'Not run: 4 of 7 tests, or run with less, for want of',
      '  (1) ../shared/vectors',
      '  (2) pcscd',
      '    1  test/a.test.ts (2)',
      '    2  test/b.test.ts (1)',
      '    0  test/c.test.ts (1)',
      '    1  test/d.test.ts (not on this system)',
    ])
  })

  it('is nothing where everything was run', () => {
    expect(notRunReport([{ file: '/p/a.test.ts', tests: ['passed'] }], [], '/p')).toBe('')
  })
})
