/// <reference path="./.sst/platform/config.d.ts" />
export default $config({
  app(input) {
    const isProduction = input.stage === 'production';
    return {
      name: 'sluice',
      home: 'aws',
      removal: isProduction ? 'retain' : 'remove',
      protect: isProduction,
      providers: { aws: { version: '7.20.0' } },
    };
  },
  async run() {
    const { createPipeline } = await import('./infra/pipeline');
    const { readSettings } = await import('./infra/settings');
    return createPipeline(readSettings($app, process.env));
  },
});
