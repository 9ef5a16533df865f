export { type HelpPage, helpPages } from './help-pages.ts'
export { JSON_OUTPUTS, type JsonOutput } from './json-outputs.ts'
