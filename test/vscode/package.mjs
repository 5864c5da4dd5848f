// What a package holds, and what it says where onnxruntime has no binary. Run by scripts/testBrowser.mjs.
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { buildRelease, stage, targets } from '../../scripts/package.mjs';

describe('a package', () => {
  const home = mkdtempSync(join(tmpdir(), 'quantscope-package-'));
  const filesOf = (target) => {
    stage(target, join(home, 'release'), join(home, target));
    return readdirSync(join(home, target), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(home, target).length + 1));
  };

  before(() => buildRelease(join(home, 'release')));
  after(() => rmSync(home, { recursive: true, force: true }));

  it('holds the native code of its own platform alone', () => {
    for (const target of targets) {
      const native = filesOf(target).filter((path) => path.includes('napi-v6'));
      const own = target.replace('-', '/');
      assert.equal(native.length, target === 'universal' ? 0 : 2, `${target}: ${native.join()}`);
      for (const path of native) assert.ok(path.includes(`/${own}/`), path);
    }
  });

  it('holds what runs and what people read, and neither sources nor maps', () => {
    const files = filesOf('universal');
    const read = ['package.json', 'package.nls.json', 'README.md', 'CHANGELOG.md', 'LICENSE.txt'];
    for (const path of [...read, 'docs/gallery/overview-light.png']) assert.ok(files.includes(path), path);
    const strange = files.filter((path) => /\.(ts|map)$|^(test|engine|scripts|node_modules)\//.test(path));
    assert.deepEqual(strange, []);
  });

  it("holds onnxruntime's licence and the notices of what its library contains", () => {
    for (const target of targets) {
      assert.ok(filesOf(target).includes('ThirdPartyNotices.txt'), target);
      const read = (file) => readFileSync(join(home, target, file), 'utf8');
      assert.match(read('ThirdPartyNotices.txt'), /protocolbuffers\/protobuf[^]*eigen[^]*abseil/i);
      const [, ...after] = read('LICENSE.txt').split(/^onnxruntime-(?:node|common) \d/m);
      assert.equal(after.length, 2);
      for (const text of after)
        assert.match(text, /^[^]{0,40}MIT License\s+Copyright \(c\) Microsoft Corporation/);
    }
  });

  it('opens models where onnxruntime has no binary, and says why it runs none', () => {
    filesOf('universal');
    const run = (...words) =>
      spawnSync(process.execPath, [join(home, 'universal/dist/quantscope.js'), ...words], {
        cwd: join(home, 'universal'),
        encoding: 'utf8',
        env: { ...process.env, QUANTSCOPE_CACHE: join(home, 'cache') },
      });
    assert.match(run('inspect', 'dist/upright.onnx').stdout, /layers/);
    const { status, stderr } = run('evaluate', 'dist/upright.onnx', '--data', 'sample/upright');
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`no binary for ${process.platform}-${process.arch}`));
    assert.match(stderr, /Linux or Windows/);
    assert.equal(stderr.trim().split('\n').length, 1);
  });
});
