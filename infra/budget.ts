/** Tells when the account costs more in a month than was meant, and when it is about to. */
import { nameOf, type Settings } from './settings';

export function createBudget(settings: Settings, topic: aws.sns.Topic): void {
  if (settings.monthlyBudget === undefined) return;
  const notify = (notificationType: 'ACTUAL' | 'FORECASTED', threshold: number) => ({
    notificationType,
    threshold,
    thresholdType: 'PERCENTAGE',
    comparisonOperator: 'GREATER_THAN',
    subscriberSnsTopicArns: [topic.arn],
  });
  new aws.budgets.Budget('Budget', {
    name: nameOf(settings, 'monthly'),
    budgetType: 'COST',
    timeUnit: 'MONTHLY',
    limitAmount: String(settings.monthlyBudget),
    limitUnit: 'USD',
    notifications: [notify('ACTUAL', 80), notify('FORECASTED', 100)],
  });
}
