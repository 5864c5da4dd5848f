import { describe, expect, test } from 'vitest';
import { everything } from '../sampleMessages';
import { sampleReport } from '../sampleReport';
import { useView } from '../useView';
import type { View } from '../viewPage';

const openView = useView();
let view: View;
const report = sampleReport();

describe('the proof', () => {
  const cells = async (row: string) =>
    (await view.page.locator('.result tr', { hasText: row }).locator('td').allInnerTexts()).map((text) =>
      text.replaceAll(/\s+/g, ' '),
    );

  test('compares float, everything in int8 and the advice, with intervals and spreads', async () => {
    view = await openView('light', 1400, 900);
    await view.send(...everything());
    const heads = await view.page.locator('.result thead th').allInnerTexts();
    expect(heads.map((text) => text.replaceAll(/\s+/g, ' '))).toEqual([
      'Float',
      'Int8 everything',
      'Advised 3 layers, 1 operator in float',
    ]);
    expect(await cells('Against float')).toEqual([
      '–',
      '−45.3 points (−49.0 to −41.6)',
      '−0.5 points (−0.9 to −0.1)',
    ]);
    expect(await cells('Within 1% of float')).toEqual(['–', 'missed', 'met']);
    expect(await cells('Latency')).toEqual([
      '12.4 ms (12.1–12.9)',
      '8.94 ms (8.71–9.3)',
      '9.12 ms (8.71–9.3)',
    ]);
    expect((await cells('Speed'))[2]).toBe('1.4× faster (1.3–1.4)');
    expect(await cells('Nodes')).toEqual(['all float', '112 integer, 34 float', '112 integer, 37 float']);
    expect(await cells('Multiply-adds')).toEqual(['all', '0.4%', '2.1%']);
    expect(await view.page.locator('.basis').innerText()).toContain(
      '500 samples to calibrate, 500 to choose, 300 others to prove',
    );
    // A layer's score is held against float on the samples that choose.
    expect(await view.page.locator('.figures').innerText()).toMatch(/52\.8%\s*float 98\.4%/);
  });

  test('claims no samples of its own for the proof where there are none', async () => {
    view = await openView('light', 1400, 900);
    const notebook = report.notebook.map((entry) =>
      entry.step === 'verification' ? { ...entry, tried: 'The result, on the samples that chose it' } : entry,
    );
    const shared = { ...report, notebook, settings: { ...report.settings, sharedSamples: true } };
    await view.send(...everything(shared));
    await view.page.locator('.notebook > summary').click();
    const text = await view.page.locator('.overview').innerText();
    expect(text).toContain('The same 500 samples to calibrate, to choose and to evaluate');
    expect(text).toContain('Everything, the verification too, on the same 300 samples');
    expect(text).not.toMatch(/chose nothing|others/);
  });

  test('says that layers do not add up, and which pairs do not', async () => {
    view = await openView('dark', 1400, 900);
    await view.send(...everything());
    const { page } = view;
    const details = page.locator('.interactions');
    const summary = details.locator('summary');
    expect(await summary.innerText()).toBe('The layers do not add up: 1 of 2 pairs beyond noise');
    await summary.click();
    expect(await details.innerText()).toContain(
      'on 500 samples each alone changes the score by −62.0 points in sum, all together by −45.0 points (+17.0 ± 2.1 points apart).',
    );
    const rows = await details.locator('tbody tr').allInnerTexts();
    expect(rows.map((text) => text.trim().split(/\s*[\t\n]\s*/))).toEqual([
      ['p2o.Conv.2', 'p2o.Conv.28', '−46.0', '−53.5', '+7.5 ± 1.8'],
      ['p2o.Conv.2', 'p2o.MatMul.16', '−47.0', '−47.4', '+0.4 ± 1.2'],
    ]);
    await summary.scrollIntoViewIfNeeded();
    await view.screenshot('interactions');
    await view.send(...everything({ ...report, interactions: null }));
    expect(await details.count()).toBe(0);
  });

  test('hides what is to blame where nothing is, and does not promise what was missed', async () => {
    view = await openView('dark', 1400, 900);
    const { verdict } = report.int8;
    const advised = { ...report.advised, verdict, meetsTarget: false };
    await view.send(...everything({ ...report, blamed: [], keepFloat: [], verdict, advised }));
    expect(await view.page.getByRole('region', { name: 'To blame between the layers' }).count()).toBe(0);
    expect(await view.page.locator('.result thead th').nth(2).innerText()).toContain('every layer in int8');
    const advice = view.page.locator('.advice-panel');
    expect(await advice.innerText()).toContain('what was tried gains too little');
    expect(await advice.locator('.icon-warning').count()).toBe(1);
  });

  test('opens the notebook and says what is to blame, in every theme and width', async () => {
    view = await openView('light', 1400, 900);
    const blamed = [
      { opType: 'Mul', nodes: Array.from({ length: 31 }, (_, i) => `p2o.Mul.${i}`), gain: 0.031 },
      ...report.blamed,
      { opType: '<img src=x>', nodes: ['</script><script>alert(1)</script>', 'x'.repeat(5000)], gain: 0 },
    ];
    const tried = 'Without <img src=x onerror=alert(2)>';
    const notebook = [...report.notebook, ...report.notebook.slice(0, 1).map((one) => ({ ...one, tried }))];
    const refused = {
      severity: 'refuses' as const,
      opType: '',
      nodes: [],
      message: 'The model is of operator set 30; onnxruntime reads them up to 26.',
      hint: 'Export it with operator set 26 or older.',
    };
    const lint = [refused, ...report.lint];
    await view.send(...everything({ ...report, blamed, notebook, lint }));
    const { page } = view;
    const panel = page.getByRole('region', { name: 'To blame between the layers' });
    expect(await panel.getByRole('listitem').count()).toBe(3);
    const text = (await panel.innerText()).replaceAll(/\s+/g, ' ');
    expect(text).toContain('Mul × 31 −3.1 points p2o.Mul.0 p2o.Mul.1');
    expect(text).toContain('and 25 more');
    expect(text).toContain('<img src=x> × 2 only with others </script><script>alert(1)</script>');
    expect(await page.locator('img').count()).toBe(0);

    const target = page.getByRole('region', { name: 'What the target does otherwise' });
    const findings = target.locator('details > summary');
    expect(await findings.innerText()).toBe('For x86: 2 findings in the advised model');
    expect(await target.getByRole('listitem').first().isVisible()).toBe(true);
    const said = (await target.innerText()).replaceAll(/\s+/g, ' ');
    expect(said).toContain('The model refused The model is of operator set 30');
    expect(said).toContain('Softmax × 2 in float It reads floats from MatMul.');
    await findings.focus();
    await page.keyboard.press('Enter');
    expect(await target.getByRole('listitem').count()).toBe(0);
    await page.keyboard.press('Enter');

    const summary = page.locator('.notebook > summary');
    expect(await summary.innerText()).toBe('Notebook: 11 tries, 5 kept');
    expect(await page.locator('.notebook table').isVisible()).toBe(false);
    await summary.focus();
    await page.keyboard.press('Enter');
    const table = page.locator('.notebook table');
    expect(await table.isVisible()).toBe(true);
    expect(await table.locator('th[scope="rowgroup"]').allInnerTexts()).toEqual([
      'Calibrators',
      'Operators between the layers',
      'Remedies',
      'Layers in float',
      'Latency',
      'Verification',
      'Calibrators',
    ]);
    const kept = table.locator('tr.used');
    expect(await kept.count()).toBe(5);
    // By an icon and a word, not by colour alone.
    expect(await kept.locator('.icon-pass').count()).toBe(5);
    expect(await kept.locator('.badge').allInnerTexts()).toEqual(Array(5).fill('kept'));
    expect(await table.locator('tr:not(.used) .badge').count()).toBe(0);
    expect((await kept.last().innerText()).replaceAll(/\s+/g, ' ')).toMatch(
      /^The result, on samples that chose nothing kept 97\.6% −0\.5 ± 0\.2/,
    );
    expect(await table.innerText()).toContain(tried);
    await view.inEveryLook(900, async (name) => {
      await summary.scrollIntoViewIfNeeded();
      await view.screenshot(`notebook-${name}`);
    });
  });

  test('lists what stands between the layers, in every theme and width', async () => {
    view = await openView('light', 1400, 900);
    const hostile = '</script><script>alert(1)</script>';
    const [first, ...others] = report.operators;
    const operators = first === undefined ? [] : [first, { ...first, name: hostile }, ...others];
    await view.send(...everything({ ...report, operators }));
    const { page } = view;
    const panel = page.locator('.operators');
    const summary = panel.locator('summary');
    expect(await summary.innerText()).toBe(
      'Between the layers, 57 operators: the noisiest leaves 8.5 dB at the outputs',
    );
    await summary.focus();
    await page.keyboard.press('Enter');
    const rows = panel.locator('tbody tr');
    expect(await rows.count()).toBe(40);
    const cells = async (row: number) =>
      (await rows.nth(row).locator('th, td').allInnerTexts()).map((text) => text.trim());
    expect(await cells(0)).toEqual([
      ...['p2o.Softmax.0', 'Softmax', '22.0 dB', '8.5 dB'],
      ...['−1.3 ± 0.1', '500', '97.6%'],
    ]);
    expect((await cells(1))[0]).toBe(hostile);
    expect((await cells(2))[1]).toBe('Mul of HardSwish');
    // By an icon with a name, not by colour alone.
    expect(await rows.getByRole('img', { name: 'Stays in float' }).count()).toBe(2);
    await view.inEveryLook(900, async (name) => {
      await summary.scrollIntoViewIfNeeded();
      await view.screenshot(`operators-${name}`);
    });
  });
});
