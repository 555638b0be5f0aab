/** The `redaction:` section of `sluice.yml`, for local mode at its start and for AWS when it is deployed. */
import { parseYaml } from '@sluice/config/parse-yaml';
import { UsageError } from '@sluice/core/errors';
import { parseRedactionSettings, type RedactionSettings } from '@sluice/redaction/settings';

/**
 * Without a section the defaults. @param file names the text in messages
 * @throws UsageError with the place of what is wrong
 */
export function parseRedactionFile(text: string, file: string): RedactionSettings {
  const { documents, problems } = parseYaml(text, { file });
  const [problem] = problems;
  if (problem !== undefined)
    throw new UsageError(`${file}:${problem.line}:${problem.column}: ${problem.message}`);
  const plain = documents[0]?.toPlain() as { readonly redaction?: unknown } | null | undefined;
  return parseRedactionSettings(plain?.redaction, `${file}: redaction`);
}
