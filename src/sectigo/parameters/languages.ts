/** ISO 639-1 codes of the e-mail templates: both Document Signing pages, row languageName. */
export const LANGUAGES = ['en', 'zh', 'da', 'nl', 'fr', 'de', 'it', 'ja', 'ko', 'pt', 'ru', 'es', 'sv', 'tr'] as const
