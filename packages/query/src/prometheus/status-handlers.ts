/** What the server says of itself: enough for clients that choose their way by a server's version. */
import { answer } from './api-answer.ts';
import type { Handler } from './prometheus-routes.ts';

/** The release of Prometheus whose language and API are spoken; Grafana asks, to know what it may use. */
const COMPATIBLE_VERSION = '3.14.0';

const buildInfo: Handler = () =>
  answer({
    version: COMPATIBLE_VERSION,
    revision: 'sluice',
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: '',
  });

/** Fields of Go's runtime stay empty; paths of the machine are nobody's business. */
const runtimeInfo: Handler = ({ clock, startedAtMs, retention }) =>
  answer({
    startTime: new Date(startedAtMs).toISOString(),
    CWD: '',
    hostname: '',
    serverTime: new Date(clock.nowMs()).toISOString(),
    reloadConfigSuccess: true,
    lastConfigTime: new Date(startedAtMs).toISOString(),
    corruptionCount: 0,
    goroutineCount: 0,
    GOMAXPROCS: 0,
    GOMEMLIMIT: 0,
    GOGC: '',
    GODEBUG: '',
    storageRetention: retention,
  });

/** Alerts are routed here, by no other server. */
const alertmanagers: Handler = () => answer({ activeAlertmanagers: [], droppedAlertmanagers: [] });

export const STATUS_HANDLERS: Readonly<Record<string, Handler>> = {
  '/status/buildinfo': buildInfo,
  '/alertmanagers': alertmanagers,
  '/status/runtimeinfo': runtimeInfo,
};
