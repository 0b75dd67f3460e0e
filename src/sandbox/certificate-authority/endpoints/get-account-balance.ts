import { GET_ACCOUNT_BALANCE } from '../../../sectigo/parameters/get-account-balance.ts'
import { checkForm } from '../check-form.ts'
import { checkLogin } from '../check-login.ts'
import { formatCents } from '../ledger.ts'
import { type Endpoint, lines, refuseAsAsked, urlEncoded } from '../rehearsal.ts'

export const getAccountBalance: Endpoint = {
  path: '!getAccountBalance',
  refuse: refuseAsAsked,
  handle(form, rehearsal) {
    const view = checkForm(GET_ACCOUNT_BALANCE, form)
    checkLogin(form, rehearsal)
    const { account, ledger } = rehearsal
    const credit = formatCents(ledger.credit)
    const limit = formatCents(ledger.hardLimit)
    return view.get('responseFormat') === '1'
      ? urlEncoded({
          errorCode: 0,
          accountID: account.accountId,
          currencyCode: account.currency,
          amount: credit,
          hardCreditLimit: limit,
        })
      : lines(0, account.accountId, account.currency, credit, limit)
  },
}
