import { expect, test } from 'vitest';
import { unescapeLabelName } from './unescape-label-name.ts';

test.each([
  ['job', 'job'],
  ['U__job', 'job'],
  ['U__http_2e_status__code', 'http.status_code'],
  ['U___1f600_', '😀'],
  ['U___1F600_', '😀'],
  ['U__', ''],
  ['u__a_2e_b', 'u__a_2e_b'],
])('%s is %s', (escaped, name) => {
  expect(unescapeLabelName(escaped)).toBe(name);
});

test.each(['U__a_', 'U__a_2e', 'U__a_xyz_', 'U__a_1234567_', 'U__a_d800_', 'U__a_110000_', 'U__a_b'])(
  '%s is not escaped properly and stays',
  (name) => {
    expect(unescapeLabelName(name)).toBe(name);
  },
);
