// How long a model of 5,000 nodes takes to open as text: print, outline and folds. `node test/bench/textBench.mjs`
import esbuild from 'esbuild';

const entry = `
import { create } from '@bufbuild/protobuf';
import { ModelProtoSchema, NodeProtoSchema } from 'onnx-buf';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { makeTensor } from './engine/onnx/tensors/elements';
import { TextService } from './engine/language/modelText/modelTextService';
import { toBinary } from '@bufbuild/protobuf';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

const node = [];
const initializer = [];
for (let i = 0; i < 5000; i++) {
  const conv = i % 2 === 0;
  if (conv) initializer.push(makeTensor('w/' + i, [16, 16, 3, 3], new Float32Array(2304).fill(i / 7)));
  node.push(create(NodeProtoSchema, { name: 'layer/' + i, opType: conv ? 'Conv' : 'Relu',
    input: ['t/' + i, ...(conv ? ['w/' + i] : [])], output: ['t/' + (i + 1)] }));
}
const model = create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }],
  graph: { name: 'big', node, initializer, input: [{ name: 't/0' }], output: [{ name: 't/5000' }] } });
const folder = mkdtempSync(join(tmpdir(), 'quantscope-bench-'));
const path = join(folder, 'big.onnx');
writeFileSync(path, toBinary(ModelProtoSchema, model));
const handlers = {};
const connection = new Proxy({}, { get: (_, name) => (handler) => { handlers[name] = handler; } });
const documents = new Map();
documents.onDidClose = () => {};
const uri = 'quantscope-text://' + path + 'txt';
for (let run = 0; run < 3; run++) {
  const service = new TextService(documents, {});
  service.listen(connection);
  const start = performance.now();
  const text = await service.print(path, uri);
  const printed = performance.now();
  documents.set(uri, TextDocument.create(uri, 'onnx-text', 1, text));
  const symbols = handlers.onDocumentSymbol({ textDocument: { uri } });
  const folds = handlers.onFoldingRanges({ textDocument: { uri } });
  const end = performance.now();
  console.log(\`read and print \${(printed - start).toFixed(0)} ms, outline (\${symbols[0].children.length} entries) and \${folds.length} folds \${(end - printed).toFixed(0)} ms, \${(text.length / 1e6).toFixed(2)} MB of text\`);
}
rmSync(folder, { recursive: true });
`;
const { outputFiles } = await esbuild.build({
  stdin: { contents: entry, resolveDir: process.cwd(), loader: 'ts' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
  external: ['onnxruntime-node'],
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(process.cwd() + '/');",
  },
  define: { QUANTSCOPE_DIST: JSON.stringify('dist') },
});
await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0]?.text ?? '').toString('base64')}`);
