/** Kinds of Alertmanager that are not served; a configuration that names one is refused, since its alerts would reach nobody. */
export const UNSUPPORTED_KINDS: readonly string[] = [
  'discord_configs',
  'incidentio_configs',
  'jira_configs',
  'mattermost_configs',
  'msteams_configs',
  'msteamsv2_configs',
  'pushover_configs',
  'rocketchat_configs',
  'sns_configs',
  'victorops_configs',
  'webex_configs',
  'wechat_configs',
];
