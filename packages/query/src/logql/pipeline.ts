/** A pipeline as one function: an entry goes in, and comes out changed, or is dropped. */
import type { LabelSelection, Stage } from './ast.ts';
import type { Entry } from './entry.ts';
import { createLabelFilter } from './label-filters.ts';
import { createLineTest } from './line-filters.ts';
import { createValueTest } from './parse-selector.ts';
import {
  createJsonParser,
  createLogfmtParser,
  createPatternStage,
  createRegexpParser,
  createUnpacker,
} from './parsers.ts';
import { createTemplate } from './template.ts';
import { TemplateError } from './template-functions.ts';

/** Answers false when the entry is dropped. */
export type Pipeline = (entry: Entry) => boolean;

/** @throws LogqlError */
export function createPipeline(stages: readonly Stage[]): Pipeline {
  const steps = stages.map(createStep);
  return (entry) => {
    for (const step of steps) if (!step(entry)) return false;
    return true;
  };
}

function createStep(stage: Stage): Pipeline {
  switch (stage.kind) {
    case 'line': {
      const test = createLineTest(stage);
      return (entry) => test(entry.line);
    }
    case 'label-filter':
      return createLabelFilter(stage.filter);
    case 'json':
      return always(createJsonParser(stage.extractions));
    case 'logfmt':
      return always(createLogfmtParser(stage));
    case 'regexp':
      return always(createRegexpParser(stage.pattern));
    case 'pattern':
      return always(createPatternStage(stage.pattern));
    case 'unpack':
      return always(createUnpacker());
    case 'decolorize':
      return always((entry) => {
        entry.line = decolorize(entry.line);
      });
    case 'line_format': {
      const template = createTemplate(stage.template);
      return always((entry) => {
        try {
          entry.line = template(entry);
        } catch (error) {
          if (!(error instanceof TemplateError)) throw error;
          entry.fail('TemplateFormatErr', error.message);
        }
      });
    }
    case 'label_format':
      return always(createLabelFormat(stage.labels));
    case 'drop':
      return always(createDrop(stage.labels));
    case 'keep':
      return always(createKeep(stage.labels));
  }
}

function always(change: (entry: Entry) => void): Pipeline {
  return (entry) => {
    change(entry);
    return true;
  };
}

/** ANSI escapes, also as JSON writes them in our lines. */
function decolorize(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this is about
  return line.replaceAll(/(?:\u001b|\\u001b)\[[0-9;]*m/g, '');
}

function createLabelFormat(
  labels: Extract<Stage, { kind: 'label_format' }>['labels'],
): (entry: Entry) => void {
  const formats = labels.map(({ label, from, template }) => ({
    label,
    from,
    make: template === undefined ? undefined : createTemplate(template),
  }));
  return (entry) => {
    for (const { label, from, make } of formats) {
      if (from !== undefined) {
        const value = entry.get(from);
        if (value === '') continue;
        entry.set(label, value);
        entry.remove(from);
        continue;
      }
      try {
        entry.set(label, make!(entry));
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        entry.fail('TemplateFormatErr', error.message);
      }
    }
  };
}

type LabelList = LabelSelection['labels'];

function createDrop(labels: LabelList): (entry: Entry) => void {
  const drops = labels.map(({ name, op, value }) => ({
    name,
    test: op === undefined ? undefined : createValueTest({ op, value: value! }),
  }));
  return (entry) => {
    for (const { name, test } of drops) if (test === undefined || test(entry.get(name))) entry.remove(name);
  };
}

function createKeep(labels: LabelList): (entry: Entry) => void {
  const keeps = new Map(
    labels.map(({ name, op, value }) => [
      name,
      op === undefined ? undefined : createValueTest({ op, value: value! }),
    ]),
  );
  return (entry) => {
    for (const [name, value] of Object.entries(entry.labels())) {
      const isKept = keeps.has(name) && (keeps.get(name)?.(value) ?? true);
      // Loki never drops what says that something went wrong.
      if (!isKept && !name.startsWith('__')) entry.remove(name);
    }
  };
}
