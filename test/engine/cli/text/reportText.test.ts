import { describe, expect, test } from 'vitest';
import { notebookText } from '../../../../engine/cli/text/notebookText';
import type { NotebookEntry, QuantizeResult } from '../../../../engine/shared/protocol/report';
import {
  adviceText,
  basisText,
  blamedText,
  calibratorsText,
  comparisonText,
  layersText,
  quantizedText,
} from '../../../../engine/cli/text/reportText';
import { sampleReport } from '../../../webview/sampleReport';

const report = sampleReport();
const { settings, notebook } = report;
const shared = { ...settings, sharedSamples: true };

function result(changes: Partial<QuantizeResult> = {}): QuantizeResult {
  return {
    ...{ output: '/models/rec.int8.onnx', settings, notebook, float: report.float, int8: report.advised },
    ...{ keepFloat: report.keepFloat, decisions: report.decisions, blamed: report.blamed },
    ...{
      verdict: report.verdict,
      meetsTarget: true,
      warnings: [],
      lint: [],
      dataStamp: '0 0 0',
      modelHash: 'abc',
      recipe: { version: 1 as const, layers: [], operators: [] },
    },
    ...changes,
  };
}

describe('the laboratory notebook', () => {
  test('says each step once, what was tried, its score and change, and marks what was kept', () => {
    const lines = notebookText(notebook, 'ctc', settings).split('\n');
    expect(lines[0]).toBe('What was tried, on 500 samples that choose, verified on 300 others; * is kept:');
    const cells = lines.slice(1).map((line) => line.trim().split(/ {2,}/));
    expect(cells.slice(0, 5)).toEqual([
      ['Step', 'Tried', 'Score', 'Change, points'],
      ['calibrator', 'mse', '50.0%', '−48.4 ± 0.2'],
      ['max', '31.0%', '−67.4 ± 0.2'],
      ['*', '99.99th percentile', '52.8%', '−45.6 ± 0.2'],
      ['operators', 'Only the layers in int8, what stands between in float', '54.1%', '−44.3 ± 0.2'],
    ]);
    expect(lines.filter((line) => line.startsWith('*'))).toHaveLength(5);
    expect(cells).toContainEqual(['latency', 'GlobalAveragePool in float, 9.12 ms', '97.9%', '−0.5 ± 0.2']);
    expect(cells.at(-1)).toEqual([
      '*',
      'verification',
      'The result, on samples that chose nothing',
      '97.6%',
      '−0.5 ± 0.2',
    ]);
  });

  test('shortens long runs of one step, never what was kept', () => {
    const tries = Array.from({ length: 30 }, (_, i): NotebookEntry => ({
      ...{ step: 'operators', tried: `${i + 1} Mul back in int8`, score: 0.9, difference: -0.08 },
      ...{ standardError: 0.01, sqnrDb: 20, kept: i === 27 },
    }));
    const text = notebookText(tries, 'ctc', settings);
    expect(text.split('\n')).toHaveLength(2 + 8 + 1);
    expect(text).toMatch(/\* +28 Mul back in int8/);
    expect(text).toContain('22 more tries; --json has all.');
    expect(notebookText(tries.slice(0, 8), 'ctc', settings)).not.toContain('more');
  });

  test('claims no samples of its own for the proof where there are none', () => {
    const text = notebookText(notebook.slice(0, 3), 'ctc', shared);
    expect(text).toMatch(/^What was tried, all on the same 300 samples; /);
    expect(notebookText([], 'ctc', settings)).toBe('');
  });
});

describe('an analysis in a terminal', () => {
  test('compares float, everything in int8, and the advice', () => {
    const rows = comparisonText([report])
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/));
    expect(rows[0]).toEqual(['Score', 'Size', 'Latency', 'Speed', 'Integer nodes', 'Multiply-adds in float']);
    expect(rows[2]).toEqual([
      ...['int8 per-channel', '52.8%', '2.9 MB', '8.94 ms', '1.4× faster (1.3–1.4)', '112 of 146', '0.4%'],
    ]);
    expect(rows[3]?.[0]).toBe('3 layers, Softmax (1) in float');
    const plain = comparisonText([{ ...report, keepFloat: [], blamed: [] }]).split('\n');
    expect(plain[3]).toMatch(/^ {2}advised +97\.6%/);
  });

  test('says what is to blame between the layers, with what it costs', () => {
    expect(blamedText(report, report.float)).toBe(
      'Between the layers, Softmax (1) costs 1.2 points in int8: stays in float.',
    );
    expect(blamedText({ blamed: [] }, report.float)).toBe('');
  });

  test('says the advice with its interval and on which samples', () => {
    expect(adviceText(report)).toContain(
      ': 97.6%, 0.5 points below float (95%: −0.9 to −0.1) on 300 samples that chose nothing.\n' +
        'Verdict: met (target: within 1% of float). At most 0.9 points lost (95%), and 1.0 points may be lost.',
    );
    const missed = { ...report, keepFloat: [], advised: { ...report.advised, verdict: report.int8.verdict } };
    expect(adviceText(missed)).toMatch(
      /quantize every layer: .*\.\nVerdict: missed \(target: within 1% of float\)\. /,
    );
    expect(basisText(report)).toContain('chosen on 500, proved on 300');
  });

  test('does not claim that samples chose nothing where all are the same', () => {
    const flattered = { ...report, settings: shared };
    expect(adviceText(flattered)).toContain('on the 300 samples that also chose it');
    expect(basisText(flattered)).toContain('(the same samples)');
    for (const text of [
      adviceText(flattered),
      basisText(flattered),
      quantizedText(result({ settings: shared })),
    ])
      expect(text).not.toMatch(/chose nothing|others/);
  });

  test('tells how many layers ended before all samples', () => {
    const ended = report.layers.filter((l) => l.samples < 500).length;
    const early = `${ended} layers ended after 128 of 500 samples: these settled whether the drop matters.`;
    expect(layersText(report)).toContain(early);
    const [first, ...others] = report.layers;
    const layers = first === undefined ? [] : [{ ...first, samples: 16 }, ...others];
    expect(layersText({ ...report, layers })).toContain(' ended after 16 to 128 of 500 samples: ');
    const whole = report.layers.map((l) => ({ ...l, samples: 500 }));
    expect(layersText({ ...report, layers: whole })).not.toContain('ended after');
  });

  test('holds what chose against float on the same samples', () => {
    expect(layersText(report)).toContain('float scores 98.4% on these samples');
    const [, row] = calibratorsText([report]).split('\n');
    expect(row).toMatch(/infer\.onnx +98\.4% /);
  });
});

describe('a quantization in a terminal', () => {
  test('says what was reached, how surely, how fast, and what is in float', () => {
    const [first, verdict, second, third] = quantizedText(result()).split('\n');
    expect(first).toBe(
      'Wrote /models/rec.int8.onnx: 97.6%, 0.5 points below float (95%: −0.9 to −0.1) on 300 samples that chose nothing.',
    );
    expect(verdict).toMatch(/^Verdict: met \(target: within 1% of float\)\. At most/);
    expect(second).toBe(
      '3.2 MB (float 10.8 MB), 1.4× faster (1.3–1.4), 112 of 149 nodes in integers, 2.1% of multiply-adds in float, 3 layers in float.',
    );
    expect(third).toBe('Between the layers, Softmax (1) costs 1.2 points in int8: stays in float.');
    const blind = { kind: 'not-measurable', reason: 'All 12 samples hold the same values.' } as const;
    const text = quantizedText(result({ verdict: blind, int8: { ...report.advised, verdict: blind } }));
    expect(text).toContain('Verdict: not measurable. All 12 samples hold the same values.');
    expect(text).not.toMatch(/within 1%|level with|of float|below float/);
  });
});
