export { createLog, LOG_LEVELS, type Log, type LogOptions } from './create-log.ts'
export { findOwner, type OwnerAddress, type OwnerSettings } from './home/find-owner.ts'
export { keepsOwnToken, removeOwnToken, storeOwnToken } from './home/own-token.ts'
export { METRICS } from './metrics/metrics-table.ts'
export { type OpenHome, type OpenHomeOptions, openHome } from './open-home.ts'
export { publicProblem } from './plugins/public-problem.ts'
export { type ExplainedSetting, explainSettings } from './settings/explain-settings.ts'
export { loadSettings, type Settings, type SettingsSources } from './settings/load-settings.ts'
export { parseRate, RATE_WORDS } from './settings/parse-rate.ts'
export {
  SETTING_KEYS,
  SETTINGS,
  type SettingKey,
  type SettingSpec,
} from './settings/settings-table.ts'
