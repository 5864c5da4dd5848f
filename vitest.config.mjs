import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { engineVersion } from './scripts/engineVersion.mjs';
import { viteWatPlugin } from './scripts/watPlugin.mjs';

export default defineConfig({
  plugins: [viteWatPlugin],
  // Sources run from TypeScript; the engine's worker thread and the CLI run from the build.
  define: {
    QUANTSCOPE_DIST: JSON.stringify(resolve('dist')),
    QUANTSCOPE_VERSION: JSON.stringify(engineVersion),
  },
  test: {
    include: ['test/{engine,extension,webview}/**/*.test.ts'],
    // Far above what any test takes: it ends what hangs, and must not end what a busy machine slows down.
    testTimeout: 120_000,
    maxWorkers: 2,
    // For tests that load onnxruntime by themselves.
    env: { ORT_DISABLE_TELEMETRY: '1', ORT_TELEMETRY_DISABLED: '1' },
  },
});
