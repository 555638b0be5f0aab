/** The account and region that is deployed to, as beginnings of ARNs. */

export interface Account {
  readonly id: $util.Output<string>;
  readonly region: $util.Output<string>;
  /** `arn:aws:iam::123456789012` */
  readonly iam: $util.Output<string>;
  /** `arn:aws:logs:eu-central-1:123456789012` */
  readonly logs: $util.Output<string>;
  /** `arn:aws:ssm:eu-central-1:123456789012:parameter` */
  readonly parameters: $util.Output<string>;
}

export function readAccount(): Account {
  const id = aws.getCallerIdentityOutput({}).accountId;
  const region = aws.getRegionOutput({}).region;
  const partition = aws.getPartitionOutput({}).partition;
  return {
    id,
    region,
    iam: $interpolate`arn:${partition}:iam::${id}`,
    logs: $interpolate`arn:${partition}:logs:${region}:${id}`,
    parameters: $interpolate`arn:${partition}:ssm:${region}:${id}:parameter`,
  };
}
