/** Labels, annotations and names as Sloth takes them. */
import * as d from '@sluice/config/decoder';

export type Texts = Readonly<Record<string, string>>;
export const NO_TEXTS: Texts = {};

function texts(noun: string): d.Decoder<Texts> {
  return d.mapped(d.mapOf(d.text), (values, node) => {
    for (const [name, value] of values) {
      if (name === '' || name === '__name__' || !name.isWellFormed())
        node.report(`${JSON.stringify(name)} cannot be the name of ${noun}`);
      if (value === '') node.report(`${noun} ${name} has no value`);
    }
    return Object.fromEntries(values);
  });
}

export const labels: d.Decoder<Texts> = texts('a label');
export const annotations: d.Decoder<Texts> = texts('an annotation');

const NAME = /^[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]$/;

export const sloName: d.Decoder<string> = d.checked(d.nonEmptyText, (name) =>
  NAME.test(name)
    ? undefined
    : `${JSON.stringify(name)} is no name: two or more letters, digits, ".", "_" and "-", the first and the last a letter or digit`,
);
