import { mkdirSync } from 'node:fs';
import { defineConfig } from '@vscode/test-cli';

// QUANTSCOPE_VSCODE=download tests in the VS Code that @vscode/test-cli downloads. Otherwise, on Linux,
// in code-server from npm: the same workbench and extension host, and nothing but npm and Debian is needed.
const download = process.env.QUANTSCOPE_VSCODE === 'download' || process.platform !== 'linux';
const workspaceFolder = 'out/vscode-workspace';
mkdirSync(workspaceFolder, { recursive: true });

export default defineConfig({
  files: 'out/vscode-tests/*.test.js',
  workspaceFolder,
  mocha: { ui: 'bdd', timeout: 300_000, color: false },
  ...(download ? {} : { useInstallation: { fromPath: 'scripts/codeServerAsCode.mjs' } }),
});
