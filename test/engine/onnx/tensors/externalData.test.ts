import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { allTensors } from '../../../../engine/onnx/tensors/allTensors';
import { floatValues, makeTensor } from '../../../../engine/onnx/tensors/elements';
import { setPlace } from '../../../../engine/onnx/tensors/externalData';
import { type Model } from '../../../../engine/onnx/graph/model';
import { encodeModel, readModelFile } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { readSkeleton } from '../../../../engine/onnx/file/readSkeleton';
import { writeModelFile } from '../../../../engine/onnx/file/writeModel';
import { float, relativeError, runModel } from '../../runTiny';
import { noise, noisy, node, tinyModel } from '../../tinyModel';

const root = mkdtempSync(join(tmpdir(), 'quantscope-external-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder = '';
let number = 0;
beforeEach(() => {
  folder = join(root, String(number++));
  mkdirSync(folder);
});

const feeds = { x: float([2, 16], noise(32, 3)) };

/** Two products and a bias in a Constant node. */
function dense(): Model {
  const bias = makeTensor('b', [16], noise(16, 5));
  return tinyModel({
    inputs: { x: ['n', 16] },
    outputs: ['y'],
    constants: { w: noisy([16, 32], 1), v: noisy([32, 16], 2) },
    nodes: [
      node('MatMul', ['x', 'w'], 'h'),
      node('MatMul', ['h', 'v'], 'z'),
      node('Constant', [], 'b', { value: { tensor: bias } }),
      node('Add', ['z', 'b'], 'y'),
    ],
  });
}

/** Writes the model with each tensor at the place given for it: file, and an offset that is a gap before it. */
function store(model: Model, places: Record<string, [file: string, gap: number]>): string {
  for (const tensor of allTensors(model)) {
    const place = places[tensor.name];
    if (place === undefined) continue;
    const [location, gap] = place;
    const path = join(folder, location);
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'a');
    const offset = statSync(path).size + gap;
    ftruncateSync(file, offset);
    writeSync(file, tensor.rawData);
    closeSync(file);
    setPlace(tensor, { location, offset, length: tensor.rawData.length });
    tensor.rawData = new Uint8Array(0);
  }
  const path = join(folder, 'model.onnx');
  writeFileSync(path, encodeModel(model));
  return path;
}

async function expectSame(path: string): Promise<void> {
  const { model, bytes } = await readModelFile(path);
  const { y: expected } = await runModel(dense(), feeds);
  for (const each of [bytes, encodeModel(model), encodeModel(normalize(model))]) {
    const { y } = await runModel(each, feeds, ['y']);
    expect(relativeError(expected?.data as Float32Array, y?.data as Float32Array)).toBeLessThan(1e-6);
  }
}

describe('external data', () => {
  test.each([
    ['one file', { w: ['all.bin', 0], v: ['all.bin', 0], b: ['all.bin', 0] }],
    ['many files, in a folder too', { w: ['w.bin', 0], v: ['deep/er/v.bin', 0], b: ['b.bin', 0] }],
    ['offsets with gaps', { w: ['all.bin', 4096], v: ['all.bin', 100], b: ['all.bin', 4] }],
  ] as [string, Record<string, [string, number]>][])(
    '%s: read, run and normalized as if inside',
    async (_, places) => {
      const path = store(dense(), places);
      const before = readFileSync(path);
      await expectSame(path);
      const { model, dataFiles, size } = await readModelFile(path);
      const w = model.graph.initializer.find((t) => t.name === 'w');
      expect(w && floatValues(w)).toEqual(noisy([16, 32], 1)[1]);
      expect(dataFiles).toHaveLength(new Set(Object.values(places).map(([file]) => file)).size);
      expect(size).toBeGreaterThan(before.length + 4 * (16 * 32 * 2 + 16) - 1);
    },
  );

  test.each([
    '../out.bin',
    '/etc/hostname',
    '',
    'a/../../out.bin',
    'C:\\out.bin',
    '..\\out.bin',
    'nul\0.bin',
    '.',
  ])('a location that leads out of the folder is refused: %j', async (location) => {
    writeFileSync(join(root, 'out.bin'), new Uint8Array(4096));
    const model = dense();
    const w = model.graph.initializer.find((t) => t.name === 'w');
    if (w === undefined) throw new Error('no w');
    w.rawData = new Uint8Array(0);
    setPlace(w, { location, offset: 0, length: 2048 });
    const path = join(folder, 'model.onnx');
    writeFileSync(path, encodeModel(model));
    await expect(readModelFile(path)).rejects.toMatchObject({ code: 'bad-model' });
  });

  test('a link that leads out of the folder is refused, one that stays inside is followed', async () => {
    const path = store(dense(), { w: ['real.bin', 0] });
    const model = dense();
    const places = { w: ['link.bin', 0] as [string, number] };
    writeFileSync(join(root, 'out.bin'), new Uint8Array(4096));
    rmSync(path);
    symlinkSync(join(root, 'out.bin'), join(folder, 'link.bin'));
    const w = model.graph.initializer.find((t) => t.name === 'w');
    if (w === undefined) throw new Error('no w');
    w.rawData = new Uint8Array(0);
    setPlace(w, { location: places.w[0], offset: 0, length: 2048 });
    writeFileSync(path, encodeModel(model));
    await expect(readModelFile(path)).rejects.toThrow('not inside its own folder');
    rmSync(join(folder, 'link.bin'));
    symlinkSync('real.bin', join(folder, 'link.bin'));
    await expectSame(path);
  });

  test.each([
    ['missing', (file: string) => rmSync(file), 'cannot be read'],
    ['too short', (file: string) => truncateSync(file, 100), 'ends at byte 100'],
    [
      'a folder',
      (file: string) => {
        rmSync(file);
        mkdirSync(file);
      },
      'is no file',
    ],
  ] as const)('a data file that is %s is named', async (_, damage, words) => {
    const path = store(dense(), { w: ['w.bin', 0] });
    damage(join(folder, 'w.bin'));
    await expect(readModelFile(path)).rejects.toThrow(words);
    await expect(readModelFile(path)).rejects.toMatchObject({ code: 'bad-model' });
  });

  test('a length that does not fit the shape is refused', async () => {
    const path = store(dense(), { w: ['w.bin', 0] });
    const { model } = await readModelFile(path);
    const w = model.graph.initializer.find((t) => t.name === 'w');
    if (w === undefined) throw new Error('no w');
    setPlace(w, { location: 'w.bin', offset: 0, length: 1024 });
    writeFileSync(path, encodeModel(model));
    await expect(readModelFile(path)).rejects.toThrow('needs 2048');
  });

  test('a model still runs when one in another folder was opened that shares its data', async () => {
    const path = store(dense(), { w: ['deep/w.bin', 0], v: ['v.bin', 0] });
    const { model } = await readModelFile(path);
    const other = tinyModel({
      inputs: { x: ['n', 16] },
      outputs: ['y'],
      constants: { w: noisy([16, 32], 1) },
      nodes: [node('MatMul', ['x', 'w'], 'y')],
    });
    const [w] = other.graph.initializer;
    if (w === undefined) throw new Error('no w');
    w.rawData = new Uint8Array(0);
    setPlace(w, { location: 'w.bin', offset: 0, length: 2048 });
    writeFileSync(join(folder, 'deep/other.onnx'), encodeModel(other));
    await readModelFile(join(folder, 'deep/other.onnx'));
    const { y: expected } = await runModel(dense(), feeds);
    const { y } = await runModel(encodeModel(model), feeds, ['y']);
    expect(relativeError(expected?.data as Float32Array, y?.data as Float32Array)).toBeLessThan(1e-6);
  });

  test('a data file that changed since is not read as if it were the same', async () => {
    const path = store(dense(), { w: ['w.bin', 0] });
    const { model } = await readModelFile(path);
    const weight = model.graph.initializer.find((t) => t.name === 'w');
    if (weight === undefined) throw new Error('no w');
    expect(floatValues(weight)).toHaveLength(512);
    writeFileSync(join(folder, 'w.bin'), new Uint8Array(2048));
    utimesSync(join(folder, 'w.bin'), 1e9, 1e9);
    expect(() => floatValues(weight)).toThrow('has changed');
  });

  test('weights of a convolution that nothing is folded into are not read', async () => {
    const convolution = (next: string) =>
      tinyModel({
        inputs: { x: [1, 2, 4, 4] },
        outputs: ['y'],
        constants: { w: noisy([2, 2, 3, 3], 1), k: [[], [2]] },
        nodes: [node('Conv', ['x', 'w'], 'c'), node(next, next === 'Mul' ? ['c', 'k'] : ['c'], 'y')],
      });
    for (const [next, reads] of [
      ['Relu', false],
      ['Mul', true],
    ] as const) {
      const path = store(convolution(next), { w: [`${next}.bin`, 0] });
      const { model } = await readModelFile(path);
      rmSync(join(folder, `${next}.bin`));
      if (reads) expect(() => normalize(model)).toThrow('cannot be read');
      else expect(normalize(model).graph.node).toHaveLength(2);
    }
  });

  test('a file that was never checked is not read, whatever a tensor says', () => {
    const tensor = makeTensor('t', [4], new Float32Array(0));
    setPlace(tensor, { location: '/etc/hostname', offset: 0, length: 16 });
    expect(() => floatValues(tensor)).toThrow('was not checked');
  });
});

describe('a large file', () => {
  test('read without its weights, they are found in the file itself', async () => {
    const big = tinyModel({
      inputs: { x: ['n', 16] },
      outputs: ['y'],
      constants: { w: noisy([16, 2000], 1), v: noisy([2000, 16], 2) },
      nodes: [node('MatMul', ['x', 'w'], 'h'), node('MatMul', ['h', 'v'], 'y')],
    });
    const path = join(folder, 'big.onnx');
    const whole = encodeModel(big);
    writeFileSync(path, whole);
    const skeleton = readSkeleton(path, whole.length, 'big.onnx');
    expect(skeleton.length).toBeLessThan(1000);
    writeFileSync(join(folder, 'skeleton.onnx'), skeleton);
    const { model } = await readModelFile(join(folder, 'skeleton.onnx'));
    const { y: expected } = await runModel(big, feeds);
    const { y } = await runModel(encodeModel(model), feeds, ['y']);
    expect([...(y?.data ?? [])]).toEqual([...(expected?.data ?? [])]);
    // Written again, it is the same file as before.
    const [written = ''] = await writeModelFile(join(folder, 'again.onnx'), model);
    expect(encodeModel((await readModelFile(written)).model)).toEqual(whole);
  });

  test('cut short, it is refused in words', () => {
    const path = join(folder, 'cut.onnx');
    const whole = encodeModel(dense());
    for (const size of [1, 10, whole.length >> 1, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, size));
      expect(() => readSkeleton(path, size, 'cut.onnx')).toThrow('damaged');
    }
  });

  test('3 GB open without being read, and are hashed anew when they change', async () => {
    const rows = 3 * 2 ** 20;
    const model = tinyModel({
      inputs: { x: ['n', rows] },
      outputs: ['y'],
      constants: { w: makeTensor('w', [0], new Float32Array(0)) },
      nodes: [node('MatMul', ['x', 'w'], 'y')],
    });
    const [w] = model.graph.initializer;
    if (w === undefined) throw new Error('no w');
    w.dims = [BigInt(rows), 256n];
    setPlace(w, { location: 'weights.bin', offset: 0, length: rows * 1024 });
    const path = join(folder, 'model.onnx');
    writeFileSync(path, encodeModel(model));
    writeFileSync(join(folder, 'weights.bin'), '');
    // A hole: it takes no room on the disk.
    truncateSync(join(folder, 'weights.bin'), rows * 1024);
    const before = process.memoryUsage().rss;
    const { model: read, size } = await readModelFile(path);
    normalize(read);
    expect(size).toBeGreaterThan(3 * 2 ** 30);
    // The bound that is promised for opening; reading the weights would take six times that.
    expect(process.memoryUsage().rss - before).toBeLessThan(500 * 2 ** 20);
  });
});

describe('writing', () => {
  test('beyond the limit of one file, weights go beside it, aligned, and it runs', async () => {
    const path = join(folder, 'out.onnx');
    const files = await writeModelFile(path, dense(), undefined, 1000);
    expect(files).toEqual([path, `${path}.data`]);
    expect(readdirSync(folder).sort()).toEqual(['out.onnx', 'out.onnx.data']);
    expect(statSync(path).size).toBeLessThan(1000);
    await expectSame(path);
    const { model } = await readModelFile(path);
    const offsets = allTensors(model).flatMap((t) =>
      t.externalData.filter((e) => e.key === 'offset').map((e) => Number(e.value)),
    );
    expect(offsets).toEqual([0, 4096]);
  });

  test('of a model with external data, small enough, gives one file', async () => {
    const path = store(dense(), { w: ['all.bin', 0], v: ['all.bin', 0] });
    const { model } = await readModelFile(path);
    const other = join(root, `alone-${number}.onnx`);
    expect(await writeModelFile(other, model)).toEqual([other]);
    await expectSame(other);
  });

  test('over the data that is being read is refused, and leaves it whole', async () => {
    const path = store(dense(), { w: ['model.onnx.data', 0], v: ['model.onnx.data', 0] });
    const { model } = await readModelFile(path);
    await expect(writeModelFile(path, model, undefined, 1000)).rejects.toMatchObject({
      code: 'bad-option',
    });
    await expectSame(path);
    // By another name, and with the file itself as the output.
    const link = join(root, `link-${number}`);
    symlinkSync(folder, link);
    for (const [output, limit] of [
      [join(link, 'model.onnx'), 1000],
      [join(link, 'model.onnx.data'), 1e6],
    ] as const) {
      await expect(writeModelFile(output, model, undefined, limit)).rejects.toThrow('written over');
    }
    await expectSame(path);
  });

  test('to where a folder lies leaves the earlier model and its data as they were', async () => {
    const path = join(folder, 'out.onnx');
    await writeModelFile(path, dense(), undefined, 1000);
    const data = readFileSync(`${path}.data`);
    rmSync(path);
    mkdirSync(join(path, 'in the way'), { recursive: true });
    const other = tinyModel({
      inputs: { x: ['n', 16] },
      outputs: ['y'],
      constants: { w: noisy([16, 64], 9) },
      nodes: [node('MatMul', ['x', 'w'], 'y')],
    });
    await expect(writeModelFile(path, other, undefined, 1000)).rejects.toThrow('it is a folder');
    expect(readFileSync(`${path}.data`)).toEqual(data);
    expect(readdirSync(folder).sort()).toEqual(['out.onnx', 'out.onnx.data']);
  });

  test('of 3 GB that are in memory gives two files; as one encoding they are refused in words', async () => {
    // One gigabyte of memory, three times.
    const rawData = new Uint8Array(2 ** 30);
    const names = ['a', 'b', 'c'];
    const model = tinyModel({
      inputs: { x: ['n', 16] },
      outputs: ['y'],
      constants: Object.fromEntries(names.map((name) => [name, makeTensor(name, [0], new Float32Array(0))])),
      nodes: [
        node('MatMul', ['x', 'a'], 'h'),
        node('MatMul', ['h', 'b'], 'g'),
        node('MatMul', ['g', 'c'], 'y'),
      ],
    });
    for (const tensor of model.graph.initializer) Object.assign(tensor, { rawData, dims: [16384n, 16384n] });
    expect(() => encodeModel(model)).toThrow('3221225472 bytes');
    const path = join(folder, 'out.onnx');
    expect(await writeModelFile(path, model)).toEqual([path, `${path}.data`]);
    expect(statSync(`${path}.data`).size).toBe(3 * 2 ** 30);
    expect((await readModelFile(path)).model.graph.initializer.map((t) => t.name)).toEqual(names);
  });

  test('leaves the model in memory as it was', async () => {
    const model = dense();
    const before = encodeModel(model);
    await writeModelFile(join(folder, 'out.onnx'), model, undefined, 1000);
    expect(encodeModel(model)).toEqual(before);
  });

  test('cancelled, it leaves nothing behind', async () => {
    const abort = new AbortController();
    abort.abort();
    const path = join(folder, 'out.onnx');
    await expect(writeModelFile(path, dense(), abort.signal, 1000)).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});
