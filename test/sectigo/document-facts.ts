import type { DocumentRow } from './documents.ts'

/**
 * What Sectigo's documents say of each parameter, as facts: requirement, type, length in characters, name; `?` is what a document does
 * not say, `-` no length. parameter-tables.test.ts holds the tables against them, and them against the documents where those are at hand.
 */
const facts = (text: string): readonly DocumentRow[] =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const [requirement = '', type = '', max = '', ...words] = line.split(' ')
      const name = words.join(' ')
      return {
        type: type === '?' ? '' : type,
        ...(name === '?' ? {} : { name }),
        ...(requirement === '?' ? {} : { requirement }),
        ...(max === '-' ? {} : { max: Number(max) }),
      }
    })

/** `!AutoApplyOrder`, Document Signing: the page in hand lost its names. */
export const DOCUMENT_SIGNING_FACTS = facts(`
required string 64 ?
required string 128 ?
required string 64 ?
required integer - ?
optional char - ?
optional char 1 ?
optional integer - ?
optional string 255 ?
required char 1 ?
required string 64 ?
conditional string 128 ?
optional string 128 ?
optional string 128 ?
required string 128 ?
required string 128 ?
required string 2 ?
required string 40 ?
optional string 64 ?
required string 64 ?
required string 64 ?
required string 64 ?
required string 255 ?
optional string 64 ?
optional string 64 ?
optional string 128 ?
optional string 128 ?
optional string 128 ?
optional string 128 ?
optional string 128 ?
optional string 40 ?
optional string 2 ?
optional string 64 ?
optional string 64 ?
optional string 64 ?
optional string 255 ?
optional string 32 ?
optional string 20 ?
optional string 64 ?
optional char 1 ?
optional string 255 ?
optional string 255 ?
optional string 20 ?
optional string 32767 ?
required string 32767 ?
optional char 1 ?
optional char 1 ?
optional char 1 ?
optional char 1 ?
optional char 1 ?
optional char 1 ?
optional char 1 ?
optional string 2 ?
optional integer - ?
optional integer - ?
`)

/** `!PlaceOrder`, Document Signing. */
export const PLACE_ORDER_FACTS = facts(`
required string 64 ap
required char - reseller
optional string 255 errorURL
optional string 255 successURL
optional string 64 region
optional char - isReturningCustomer
optional string - product
optional string 64 offerCode
optional string 64 organizationName
optional string 64 organizationalUnitName
optional string 40 postOfficeBox
optional string 128 streetAddress1
optional string 128 streetAddress2
optional string 128 streetAddress3
optional string 128 localityName
optional string 128 stateOrProvinceName
optional string 40 postalCode
optional string 2 countryName
optional string 20 dunsNumber
optional string 64 companyNumber
optional char 1 BusinessCategory
optional string 64 title
conditional string 128 name
conditional string 64 foreName
conditional string 64 surName
required string 255 emailAddress
optional string 32 telephoneNumber
optional string 32 faxNumber
required string 64 loginName
required string 128 loginPassword
optional string 64 shippingOrganizationName
optional string 64 shippingOrganizationalUnitName
optional string 128 shippingStreetAddress1
optional string 128 shippingStreetAddress2
optional string 128 shippingStreetAddress3
optional string 128 shippingLocalityName
optional string 128 shippingStateOrProvinceName
optional string 40 shippingPostalCode
optional string 2 shippingCountryName
optional string 64 shippingTitle
optional string 64 shippingForename
optional string 64 shippingSurname
optional string 255 shippingEmailAddress
optional string 32 shippingTelephone
conditional integer - x_ID
conditional integer - x_PPP
optional integer - x_visibility
conditional integer - x_days
required integer - x_seats
required integer - x_users
required integer - x_servers
required integer - x_quantity
required integer - x_zones
optional string 20 x_hsmType
optional string 32767 x_keyAttestation
optional char 1 x_smartCardBased
optional string 2 languageName
optional integer - shippingTemplateID
optional integer - agreementTemplateID
`)

/** `!AutoApplyOrder` 3.44, section 1. */
export const MANUAL_FACTS = facts(`
? string 64 loginName
? string 128 loginPassword
? string 64 product
? integer - days
? integer - serverSoftware
? string 32767 domainNames
? string 64 primaryDomainName
? integer - maxSubjectCNs
? string 32767 csr
? string 20 uniqueValue
? char 1 prioritiseCSRValues
? string 64 organizationName
? string 64 organizationalUnitName
? string 40 postOfficeBox
? string 128 streetAddress1
? string 128 streetAddress2
? string 128 streetAddress3
? string 128 localityName
? string 128 stateOrProvinceName
? string 40 postalCode
? string 2 countryName
? string 20 dunsNumber
? string 25 companyNumber
? string 128 joiLocalityName
? string 128 joiStateOrProvinceName
? string 2 joiCountryName
? string 10 dateOfIncorporation
? string 64 assumedName
? char 1 businessCategory
? string 255 emailAddress
? string 255 validationEmailAddress
? string 255 contactEmailAddress
? string 32 dcvMethod
? string 255 dcvEmailAddress
? string 32767 dcvEmailAddresses
? integer - dcvTemplateID
? string 32767 validationTokens
? integer - caCertificateID
? char 1 isCustomerValidated
? char 1 showCertificateID
? char 64 foreignOrderNumber
? char 1 checkFONsUnique
? char 1 responseFormat
? char 1 test
? string 255 idaEmailAddress
? string 32 idaTelephoneNumber
? string 32 idaFaxNumber
? string 64 appRepForename
? string 64 appRepSurname
? string 255 appRepEmailAddress
? string 32 appRepTelephone
? string 64 appRepTitle
? string 32 appRepFax
? string 255 appRepOrganizationName
? string 64 appRepOrganizationalUnitName
? string 128 appRepStreetAddress1
? string 128 appRepStreetAddress2
? string 128 appRepStreetAddress3
? string 128 appRepPostOfficeBox
? string 128 appRepLocalityName
? string 128 appRepStateOrProvinceName
? string 40 appRepPostalCode
? char 2 appRepCountryName
? char 1 callbackMethod
? char 1 isAppRepValidated
? char 1 isCallbackCompleted
? char 1 showCertificateState
? char 1 omitAdditionalFQDN
? ? 50 appRepLoginName
? integer - IP Addresses
? integer - previousOrderNumber
? char - includeIndividual
? integer - offerType
? char 1 IgnoreMasterAccount
? char 1 disableSWP
? char 1 SmartCardBased
? string 1024 privateKeyFilename
? string 255 cspName
? char 1 isKeyProtected
? char 1 isKeyExportable
`)
