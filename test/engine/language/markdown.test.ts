import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, test } from 'vitest';
import { hoverText } from '../../../engine/language/hover/layerHover';
import { quantizedHover } from '../../../engine/language/hover/quantizedHover';
import { recipeHover } from '../../../engine/language/recipe/recipeHover';
import { recipeSubject } from '../../../engine/language/recipe/recipeSubject';
import { recipeTree } from '../../../engine/language/recipe/recipeTree';
import { summaryHover } from '../../../engine/language/hover/summaryHover';
import { entityHover } from '../../../engine/language/textFeatures';
import { literal, md, table } from '../../../engine/language/markdown';
import { neutral } from '../../../engine/shared/neutral';
import { makeEntity } from '../../../engine/onnx/text/textWriter';
import type { LayerReport, Report } from '../../../engine/shared/protocol/report';
import type { ModelSummary } from '../../../engine/shared/protocol/model';
import { oddNames } from '../oddNames';

const NAMED = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['amp', '&'],
]);

/** What VS Code shows of Markdown: it renders with marked, and GFM. Elements in their order, targets of links, and the text. */
function rendered(markdown: string) {
  const html = marked.parse(markdown, { gfm: true, async: false });
  const tags = [...html.matchAll(/<([a-z0-9]+)[^>]*>/g)].map(([, name = '']) => name);
  const text = html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&(?:#(\d+)|(lt|gt|quot|amp));/g, (_, code?: string, named?: string) =>
      code === undefined ? (NAMED.get(named ?? '') ?? '') : String.fromCharCode(Number(code)),
    );
  return {
    // A name is in code or not, as it can be.
    tags: tags.filter((tag) => tag !== 'code'),
    targets: [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, to = '']) => to.replace(/[?,].*/, '')),
    text: text.replaceAll(/\s+/g, ' ').trim(),
  };
}

const PLAIN = 'plainname';

/** Whatever the name, the same elements and links as with a plain one, and its text in the place of that. */
function expectText(show: (name: string) => string, name: string): void {
  const expected = rendered(show(PLAIN));
  expect(expected.text).toContain(PLAIN);
  const found = rendered(show(name));
  const shown = neutral(name.replaceAll(/\s+/g, ' '));
  expect(found.tags).toEqual(expected.tags);
  expect(found.targets).toEqual(expected.targets);
  const spaceless = (text: string) => text.replaceAll(/\s+/g, '');
  expect(spaceless(found.text)).toBe(spaceless(expected.text.replaceAll(PLAIN, () => shown)));
}

function layerOf(name: string): LayerReport {
  const histogram = { binWidth: 1, positive: [1], negative: [] };
  return {
    ...{ name, opType: name, weight: name, sqnrDb: 9, score: 0.6, drop: 0.3, samples: 6 },
    inputs: [{ tensor: name, histogram, min: -1, max: 3, clips: { max: 3, mse: 2 }, method: 'mse' }],
    advice: { decision: 'float', reason: `Behind ${name} it loses.` },
  } as unknown as LayerReport;
}

const report = (name: string) =>
  ({
    model: {
      path: '/m/model.onnx',
      layers: [{ name, output: name, opType: name, weight: name }],
    },
    float: { metric: 'ctc', score: 0.98 },
    choosing: { score: 0.97 },
    layers: [layerOf(name)],
  }) as unknown as Report;

const summary = (name: string) =>
  ({
    path: '/m/model.onnx',
    layers: [{ name, opType: name, weight: 'w', weightShape: [1], output: name }],
    quantized: {
      form: 'qdq',
      layers: [{ name, opType: name, form: 'qdq' }],
      tensors: [
        {
          tensor: name,
          kind: 'weight',
          type: name,
          scale: null,
          zeroPoint: null,
          axis: null,
          blockSize: null,
        },
      ],
    },
  }) as unknown as ModelSummary;

function entity(name: string) {
  const tensor = makeEntity('tensor', name, name, name);
  tensor.producer = makeEntity('node', name, name, name);
  tensor.consumers.add(tensor.producer);
  return tensor;
}

const shows: [string, (name: string) => string][] = [
  ['a layer’s hover', (name) => hoverText(name, [report(name)]) ?? ''],
  ['a model’s hover', (name) => summaryHover(name, [summary(name)]) ?? ''],
  ['a quantized tensor’s hover', (name) => quantizedHover(name, [summary(name)]) ?? ''],
  ['a hover over the text', (name) => entityHover(entity(name))],
  ['a cell', (name) => table(['Layer', name], [[literal(name), name]]).value],
  ['words', (name) => md`Said of ${literal(name)}: ${name}`.value],
  ['a paragraph’s beginning', (name) => md`${name}`.value],
];

/** Pieces that act in Markdown, HTML, or what VS Code adds. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      '|',
      '\\|',
      '\\\\|',
      '\\',
      '`',
      '``',
      '```',
      '~~~',
      '[',
      ']',
      '(',
      ')',
      '![',
      '](',
      '](command:x)',
      '<',
      '>',
    ],
    ...[
      '<b>',
      '<img src=x>',
      '<!--',
      '-->',
      '<https://a.b>',
      'https://evil.test/',
      'www.evil.test',
      'a@evil.test',
      '&',
    ],
    ...[
      '&lt;',
      '&#60;',
      '&#x60;',
      '$(bell)',
      '$(x~spin)',
      '\n',
      '\n\n',
      '\r\n',
      '\t',
      ' ',
      '    ',
      '*',
      '**',
      '_',
      '__',
    ],
    ...[
      '~~',
      '# ',
      '- ',
      '+ ',
      '1. ',
      '1) ',
      '> ',
      '---',
      '===',
      '| --- |',
      '[a]: http://b',
      '[^1]',
      '- [ ] ',
      ':',
      '"',
      "'",
    ],
    ...['\u202e', '\u2028', '\u0000', '\u001b', '\u200b', '\ufeff', 'a', 'Z', '0', 'é', '漢', '🙂', '.'],
  ),
  fc.string({ maxLength: 4, unit: 'grapheme' }),
);
const name = fc
  .array(piece, { minLength: 1, maxLength: 8 })
  .map((pieces) => pieces.join(''))
  .filter((odd) => odd.trim() !== '');

describe.each(shows)('%s', (_, show) => {
  test('has a name in it as text, whatever that holds', () => {
    fc.assert(
      fc.property(name, (odd) => expectText(show, odd)),
      { numRuns: 500 },
    );
  });

  test.each([
    ...oddNames.filter((odd) => odd.trim() !== ''),
    'a\\|![b](https://evil.test/t.png)',
    'p\\|[K](command:workbench.action.quit)',
  ])('%j', (odd) => expectText(show, odd));
});

/** A rule's hover lists the layers that it speaks of, their names cut short. */
function ruleHover(name: string): string {
  const layers = [{ name, opType: name, choices: ['int8'] }];
  const model = { profile: 'x86', layers, operators: [], tensors: new Set<string>() } as const;
  const subject = recipeSubject({ path: '/m/model.onnx', hash: 'abc' }, model, report(name));
  const text = '{ "layers": { "*": "float16" } }';
  return recipeHover(recipeTree(text), subject, text.indexOf('*'))?.value ?? '';
}

test('a rule’s hover has the same elements whatever its layers are called', () => {
  const expected = rendered(ruleHover(PLAIN));
  expect(expected.tags).toContain('td');
  fc.assert(
    fc.property(name, (odd) => {
      const { tags, targets } = rendered(ruleHover(odd));
      expect({ tags, targets }).toEqual({ tags: expected.tags, targets: expected.targets });
    }),
    { numRuns: 500 },
  );
});

test('a plain name is in code', () => {
  expect(literal('p2o.Conv.28/weights_0 <x>').value).toBe('`p2o.Conv.28/weights_0 <x>`');
});

test('numbers and sentences stay readable in the source', () => {
  expect(md`${'Alone in int8 it takes the score from 97.7% to 60.7% (well-known).'}`.value).toBe(
    'Alone in int8 it takes the score from 97.7% to 60.7% (well-known).',
  );
});
