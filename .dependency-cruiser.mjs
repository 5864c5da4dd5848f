// Who may import whom; type-only imports count. ARCHITECTURE.md tells why. `npm run rooms` checks it.

/** The engine's rooms: each may import those before it, and none behind it. */
const rooms = [
  ...['shared', 'stats', 'common', 'onnx', 'data', 'quantize', 'runtime', 'calibrate', 'evaluate'],
  ...['search', 'recipe', 'sharding', 'report', 'project', 'language', 'server', 'cli'],
];
const within = (names) => `^engine/(${names.join('|')})/`;
const PROGRAMS = '^engine/[^/]+\\.ts$';

const rules = [
  {
    name: 'no-circles',
    comment: 'Two files that import each other are one: put what both need into a third.',
    from: {},
    to: { circular: true },
  },
  ...rooms.map((room, at) => ({
    name: `${room}-imports-only-rooms-before-it`,
    from: { path: within([room]) },
    to: { path: [...(at + 1 < rooms.length ? [within(rooms.slice(at + 1))] : []), PROGRAMS] },
  })),
  {
    name: 'every-file-of-the-engine-has-a-room',
    comment: 'engine/ itself holds a file for each program that is built.',
    from: { path: '^engine/', pathNot: [within(rooms), PROGRAMS] },
    to: {},
  },
  {
    name: 'shared-knows-nothing-else',
    from: { path: '^engine/shared/' },
    to: { path: '^(engine/(?!shared/)|extension/|webview/|test/)' },
  },
  {
    name: 'shared-runs-in-a-browser',
    comment: 'But for shared/node, which the engine and the extension have alone.',
    from: { path: '^engine/shared/', pathNot: '^engine/shared/node/' },
    to: { path: '^engine/shared/node/' },
  },
  {
    name: 'shared-needs-no-system',
    from: { path: '^engine/shared/', pathNot: '^engine/shared/node/' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'stats-is-pure',
    from: { path: '^engine/stats/' },
    to: { dependencyTypes: ['core', 'npm'] },
  },
  {
    name: 'one-door-to-onnxruntime',
    from: { pathNot: '^engine/runtimeThread\\.ts$' },
    to: { path: 'node_modules/onnxruntime-' },
  },
  {
    name: 'the-engine-knows-no-editor-and-no-view',
    from: { path: '^engine/' },
    to: { path: ['^(extension|webview|test)/', '^vscode$', 'node_modules/d3-'] },
  },
  {
    name: 'the-extension-and-the-view-know-shared-alone',
    from: { path: '^(extension|webview)/' },
    to: { path: '^engine/(?!shared/)' },
  },
  {
    name: 'the-view-runs-in-a-browser',
    from: { path: '^webview/' },
    to: { path: ['^engine/shared/node/', '^extension/', '^vscode$'] },
  },
  { name: 'the-view-needs-no-system', from: { path: '^webview/' }, to: { dependencyTypes: ['core'] } },
  { name: 'the-extension-draws-nothing', from: { path: '^extension/' }, to: { path: '^webview/' } },
  { name: 'nothing-imports-tests', from: { path: '^(engine|extension|webview)/' }, to: { path: '^test/' } },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: rules.map((rule) => ({ ...rule, severity: 'error' })),
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^(engine|extension|webview)/|node_modules|^(node:|vscode$)',
  },
};
