import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hoverText } from '../../../../engine/language/hover/layerHover';
import { spansAt } from '../../../../engine/language/hover/nameAt';
import type { LayerReport, Report } from '../../../../engine/shared/protocol/report';

function report(name: string, tensor = 'batch_norm_2.tmp_2'): Report {
  const layer: LayerReport = {
    name,
    opType: 'Conv',
    weight: 'conv2d_180.w_0',
    inputs: [
      {
        tensor,
        histogram: { binWidth: 1, positive: [1], negative: [] },
        min: -0.93,
        max: 3.79,
        clips: { max: 3.79, entropy: 1.29, mse: 2.92, 'percentile:99.99': 2.68 },
        method: 'mse',
      },
    ],
    sqnrDb: 9.4,
    cosine: 0.94,
    score: 0.607,
    drop: 0.37,
    standardError: 0.02,
    samples: 64,
    outputDb: 11.5,
    outputCosine: 0.96,
    orthogonality: 0.5,
    pathDb: 8.2,
    pathCosine: 0.92,
    cause: null,
    mendedDb: null,
    without: null,
    ranAsInteger: true,
    advice: { decision: 'float', reason: 'Alone in int8 it takes the score from 97.7% to 60.7%.' },
  };
  return {
    version: 4,
    created: '2026-01-01T00:00:00Z',
    model: { path: '/models/rec.onnx', layers: [] },
    settings: { method: 'mse' },
    float: { metric: 'ctc', score: 0.981, latencyMs: 1, bytes: 1 },
    choosing: { score: 0.977 },
    layers: [layer],
  } as unknown as Report;
}

describe('what the pointer is on', () => {
  const line = `  "conv": "p2o.Conv.28", other: 'a b', x = p2o.Conv.2.`;
  const at = (word: string, into = 1) => spansAt(line, line.indexOf(word) + into).map((s) => s.text);

  test('a quoted name, whole', () => expect(at('p2o.Conv.28')).toContain('p2o.Conv.28'));
  test('a quoted name with a space', () => expect(at('a b')[0]).toBe('a b'));
  test('a bare name without the full stop behind it', () => {
    expect(at('p2o.Conv.2.', 5)).toEqual(['p2o.Conv.2.', 'p2o.Conv.2']);
  });
  test('its place in the line', () => {
    const [span] = spansAt('use p2o.Conv.28 here', 8);
    expect(span).toEqual({ text: 'p2o.Conv.28', start: 4, end: 15 });
  });
  test.each(['weights', 'Conv', 'über', 'Add.', 'it'])('no ordinary word without quotes: %s', (word) => {
    expect(spansAt(`the ${word} of`, 5)).toEqual([]);
    expect(spansAt(`the "${word}" of`, 6).map((s) => s.text)).toEqual([word]);
  });
  test.each(['conv1', 'batch_norm', 'encoder.layer', 'MatMul', 'a/b'])('a bare name: %s', (word) => {
    expect(spansAt(`the ${word} of`, 5)[0]?.text).toBe(word);
  });
  test('nothing between words', () => expect(spansAt('a  b', 2)).toEqual([]));
  test('no string that begins behind the pointer', () => {
    expect(spansAt('"conv" is', 0)).toEqual([]);
    expect(spansAt('"conv" is', 1)[0]).toEqual({ text: 'conv', start: 1, end: 5 });
  });
  test('always holds the pointer, and is a piece of the line', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '"', "'", '`', ' ', '.', 'ü', '|') }),
        fc.nat(40),
        (text, at) => {
          const column = Math.min(at, text.length);
          for (const span of spansAt(text, column)) {
            expect(text.slice(span.start, span.end)).toBe(span.text);
            expect(span.start).toBeLessThanOrEqual(column);
            expect(span.end).toBeGreaterThanOrEqual(column);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
  test('no name is longer than anybody points at', () => {
    expect(spansAt('x'.repeat(100_000), 10)).toEqual([]);
  });
});

describe('what is said of a name', () => {
  const reports = [report('p2o.Conv.28')];

  test('a layer: cost, noise, advice, clips', () => {
    const text = hoverText('p2o.Conv.28', reports);
    for (const part of [
      '9.4 dB',
      '60.7%',
      // On the samples that choose, as the layer's own score is.
      '| 97.7% |',
      '−37.0 points',
      '**Keep in float.**',
      '**MSE**',
      '2.92',
      'rec.onnx',
    ]) {
      expect(text).toContain(part);
    }
  });
  test('the same by its weight', () => {
    expect(hoverText('conv2d_180.w_0', reports)).toBe(hoverText('p2o.Conv.28', reports));
  });
  test('a tensor: range, clips, readers', () => {
    const text = hoverText('batch_norm_2.tmp_2', reports);
    expect(text).toContain('−0.93 … 3.79');
    expect(text).toContain('read by `p2o.Conv.28`');
    expect(text).toMatch(/!\[Histogram of [^\]]*\]\(data:image\/svg\+xml;base64,[A-Za-z0-9+/=]+\)/);
  });
  test('a tensor that a layer makes, and none reads', () => {
    const made = report('p2o.Conv.28');
    const layers = [{ name: 'p2o.Conv.28', opType: 'Conv', weight: null, output: 'logits' }];
    const text = hoverText('logits', [{ ...made, model: { ...made.model, layers } } as unknown as Report]);
    expect(text).toContain('**Tensor** `logits`, made by `p2o.Conv.28`, read by no layer');
  });
  test('only whole names', () => {
    for (const word of ['p2o.Conv.2', 'p2o', 'Conv', 'conv2d_180', ''])
      expect(hoverText(word, reports)).toBeNull();
  });
  test('its links before pictures and tables, where nobody scrolls to reach them', () => {
    const text = hoverText('p2o.Conv.28', reports) ?? '';
    const [link, picture] = [text.indexOf('Show in view'), text.indexOf('data:image')];
    expect(link).toBeGreaterThan(0);
    expect(picture).toBeGreaterThan(link);
  });
  test('a name that two models share lists both', () => {
    expect(hoverText('p2o.Conv.28', [...reports, ...reports])?.split('---\n\n**Layer**')).toHaveLength(2);
  });
  test('its links name the layer, whatever that is called', () => {
    for (const name of [
      '`a`',
      ')',
      '[x](command:evil)',
      'a|b',
      'line\nbreak',
      '"',
      '\ud800',
      "it's",
      '~!*()',
    ]) {
      const text = hoverText(name, [report(name, name)]) ?? '';
      const links = [...text.matchAll(/\[([^\]]*)\]\(command:quantscope\.(\w+)\?([^) ]+)\)/g)];
      expect(links.map(([, title]) => title)).toEqual(['Show in view', 'Keep in float', 'Open recipe']);
      for (const [, , command, args = ''] of links) {
        const known = ['/models/rec.onnx', ...(command === 'openRecipe' ? [] : [name])];
        expect(JSON.parse(decodeURIComponent(args))).toEqual(known);
      }
    }
  });
});
