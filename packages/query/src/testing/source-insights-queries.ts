/** The Insights queries that the source systems print, verbatim. */
export const SOURCE_INSIGHTS_QUERIES = {
  trackingId: `-- 查找特定 tracking_id 的所有日志
fields @timestamp, service, @message
| filter tracking_id = "abc123def456"
| sort @timestamp desc`,
  errors: `-- 查找所有错误
fields @timestamp, service, error.message, tracking_id
| filter @level = "ERROR"
| sort @timestamp desc
| limit 100`,
  slowPaths: `-- 分析请求性能
fields request.path, request.duration
| filter request.duration > 1.0
| stats avg(request.duration) by request.path`,
  slowRequests: `-- 查找慢查询
fields @timestamp, @message, tracking_id, request.duration
| filter request.duration > 2.0
| sort request.duration desc`,
  userPaths: `-- 用户行为分析
fields user.id, request.path, @timestamp
| filter ispresent(user.id)
| stats count() by user.id, request.path`,
  serviceErrors: `fields @timestamp, tracking_id, error.message
| filter @level = "ERROR" and service = "api-gateway"
| sort @timestamp desc
| limit 50`,
  busyUsers: `-- CloudWatch Logs Insights
fields user.id, request.path, @timestamp
| filter ispresent(user.id)
| stats count() by user.id, bin(5m)
| sort count() desc`,
  userJourney: `-- 用户路径分析
fields user.id, request.path, @timestamp
| filter user.id = "user-123"
| sort @timestamp asc`,
} as const;
