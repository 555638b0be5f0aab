/**
 * The ways in from outside: Function URLs, API Gateway, or CloudFront with a web ACL. All of them are open to
 * the internet, since senders have API keys and not AWS credentials; the functions ask for the key.
 */
import type { OriginSecret } from './origin-secret';
import { nameOf, type Settings } from './settings';

export interface DoorSpec {
  /** `ingest` or `query`: of the door, and the label in front of the domain. */
  readonly name: string;
  readonly fn: sst.aws.Function;
}

/** CloudFront's managed policies (CloudFront developer guide § Managed policies). */
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const ALL_VIEWER_EXCEPT_HOST = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';
const ALL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
/** Requests a second of one API, and at once: what a stage takes that is not told otherwise is the whole account's. */
const THROTTLE = { throttlingRateLimit: 2000, throttlingBurstLimit: 4000 };
const ORIGIN_TIMEOUT_SECONDS = 30;
/** Core's HEADER.originSecret. CloudFront puts its own in the place of one that the viewer sent. */
const ORIGIN_HEADER = 'x-sluice-origin';

/** Answers the base URL of each door, by its name. */
export function createEdge(
  doors: readonly DoorSpec[],
  settings: Settings,
  originSecret: OriginSecret | undefined,
): Readonly<Record<string, $util.Output<string>>> {
  switch (settings.edge) {
    case 'url':
      return Object.fromEntries(doors.map(({ name, fn }) => [name, fn.url]));
    case 'http-api':
      return Object.fromEntries(doors.map((door) => [door.name, createHttpApi(door, settings)]));
    case 'cdn': {
      const acl = createWebAcl(settings);
      const parts = { acl, settings, originSecret: originSecret! };
      return Object.fromEntries(doors.map((door) => [door.name, createDistribution(door, parts)]));
    }
  }
}

function createHttpApi({ name, fn }: DoorSpec, settings: Settings): $util.Output<string> {
  const { domain } = settings;
  const api = new aws.apigatewayv2.Api(`Api-${name}`, {
    name: nameOf(settings, name),
    protocolType: 'HTTP',
    // Whoever may only reach the domain cannot go around it.
    disableExecuteApiEndpoint: domain !== undefined,
  });
  const integration = new aws.apigatewayv2.Integration(`ApiIntegration-${name}`, {
    apiId: api.id,
    integrationType: 'AWS_PROXY',
    integrationUri: fn.arn,
    payloadFormatVersion: '2.0',
    timeoutMilliseconds: ORIGIN_TIMEOUT_SECONDS * 1000,
  });
  new aws.apigatewayv2.Route(`ApiRoute-${name}`, {
    apiId: api.id,
    routeKey: '$default',
    target: $interpolate`integrations/${integration.id}`,
  });
  const stage = new aws.apigatewayv2.Stage(`ApiStage-${name}`, {
    apiId: api.id,
    name: '$default',
    autoDeploy: true,
    defaultRouteSettings: THROTTLE,
  });
  new aws.lambda.Permission(`ApiPermission-${name}`, {
    action: 'lambda:InvokeFunction',
    function: fn.name,
    principal: 'apigateway.amazonaws.com',
    sourceArn: $interpolate`${api.executionArn}/*/$default`,
  });
  if (domain === undefined) return api.apiEndpoint;
  const host = `${name}.${domain.name}`;
  const owned = new aws.apigatewayv2.DomainName(`ApiDomain-${name}`, {
    domainName: host,
    domainNameConfiguration: {
      certificateArn: domain.certificateArn,
      endpointType: 'REGIONAL',
      securityPolicy: 'TLS_1_2',
    },
  });
  new aws.apigatewayv2.ApiMapping(`ApiMapping-${name}`, {
    apiId: api.id,
    domainName: owned.id,
    stage: stage.id,
  });
  return $interpolate`https://${host}`;
}

/** By address only: the managed rules look into bodies, and telemetry is full of what they look for. */
function createWebAcl(settings: Settings): aws.wafv2.WebAcl {
  // A web ACL of CloudFront lives there, wherever the rest is.
  const provider = new aws.Provider('UsEast1', { region: 'us-east-1' });
  const visible = (metricName: string) => ({
    cloudwatchMetricsEnabled: true,
    metricName,
    sampledRequestsEnabled: false,
  });
  return new aws.wafv2.WebAcl(
    'WebAcl',
    {
      name: nameOf(settings, 'edge'),
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      rules: [
        {
          name: 'rate',
          priority: 0,
          action: { block: {} },
          statement: {
            rateBasedStatement: { limit: settings.wafRateLimit, aggregateKeyType: 'IP' },
          },
          visibilityConfig: visible('rate'),
        },
        {
          name: 'reputation',
          priority: 1,
          overrideAction: { none: {} },
          statement: {
            managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesAmazonIpReputationList' },
          },
          visibilityConfig: visible('reputation'),
        },
      ],
      visibilityConfig: visible('edge'),
    },
    { provider },
  );
}

interface CdnParts {
  readonly acl: aws.wafv2.WebAcl;
  readonly settings: Settings;
  readonly originSecret: OriginSecret;
}

function createDistribution(
  { name, fn }: DoorSpec,
  { acl, settings, originSecret }: CdnParts,
): $util.Output<string> {
  const { domain } = settings;
  const host = domain === undefined ? undefined : `${name}.${domain.name}`;
  const distribution = new aws.cloudfront.Distribution(`Cdn-${name}`, {
    comment: nameOf(settings, name),
    enabled: true,
    httpVersion: 'http2and3',
    priceClass: 'PriceClass_100',
    webAclId: acl.arn,
    ...(host === undefined ? {} : { aliases: [host] }),
    origins: [
      {
        originId: 'function',
        domainName: fn.url.apply((url) => new URL(url).host),
        customHeaders: [{ name: ORIGIN_HEADER, value: originSecret.value }],
        customOriginConfig: {
          httpPort: 80,
          httpsPort: 443,
          originProtocolPolicy: 'https-only',
          originSslProtocols: ['TLSv1.2'],
          originReadTimeout: ORIGIN_TIMEOUT_SECONDS,
        },
      },
    ],
    defaultCacheBehavior: {
      targetOriginId: 'function',
      viewerProtocolPolicy: 'https-only',
      allowedMethods: ALL_METHODS,
      cachedMethods: ['GET', 'HEAD'],
      cachePolicyId: CACHING_DISABLED,
      originRequestPolicyId: ALL_VIEWER_EXCEPT_HOST,
      compress: false,
    },
    restrictions: { geoRestriction: { restrictionType: 'none' } },
    viewerCertificate:
      domain === undefined
        ? { cloudfrontDefaultCertificate: true }
        : {
            acmCertificateArn: domain.certificateArn,
            sslSupportMethod: 'sni-only',
            minimumProtocolVersion: 'TLSv1.2_2021',
          },
  });
  return host === undefined
    ? $interpolate`https://${distribution.domainName}`
    : $interpolate`https://${host}`;
}
