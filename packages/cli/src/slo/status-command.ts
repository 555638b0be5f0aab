/** `sluice slo status`. */
import { UsageError } from '@sluice/core/errors';
import { ENV } from '@sluice/core/names';
import type { SloView } from '@sluice/rules/slo/slo-views';
import { createApiClient } from '../api-client.ts';
import { defineCommand, EXIT } from '../command.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { renderSlos } from './render-slos.ts';

export const sloStatusCommand = defineCommand({
  operands: '[ID…]',
  maxOperands: 1_000,
  about: `Budgets and burn rates of the SLOs of a running pipeline, to the event. Asks ${ENV.apiUrl} (default
http://127.0.0.1:9090), with the key in ${ENV.key}.`,
  options: {
    check: { type: 'boolean', help: 'exit code 1 unless every SLO is within its budget and does not burn' },
  },
  examples: ['sluice slo status', 'sluice slo status api-gateway-requests-availability --check'],
  async run({ options, positionals, json }, io) {
    const api = createApiClient(io);
    const { status, text } = await api.get('/api/v1/slos');
    const all = readViews(status, text, api.url);
    const unknown = positionals.find((id) => !all.some((view) => view.id === id));
    if (unknown !== undefined)
      throw new UsageError(`there is no SLO ${unknown}: "sluice slo status" lists them`);
    const views = positionals.length === 0 ? all : all.filter(({ id }) => positionals.includes(id));
    if (json) io.stdout.write(`${safeJson({ slos: views })}\n`);
    else if (views.length === 0)
      io.stdout.write(`there are no SLOs: put specs into the folder slo/ of ${ENV.configDir}\n`);
    else io.stdout.write(renderSlos(views, createStyle(io.stdout, io.env)));
    return options.check && views.some(({ state }) => state !== 'ok') ? EXIT.failure : EXIT.ok;
  },
});

function readViews(status: number, text: string, url: string): readonly SloView[] {
  const body =
    status === 200 ? (JSON.parse(text) as { readonly data?: { readonly slos?: readonly SloView[] } }) : {};
  if (body.data?.slos === undefined)
    throw new UsageError(`${url} answers no SLOs (HTTP ${status}): is it a pipeline of this version?`);
  return body.data.slos;
}
