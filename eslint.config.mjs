import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { ownValueRule } from './scripts/ownValueRule.mjs';

/** What each room may not import (CONTRIBUTING, "Rooms"). Keys are globs of the importing files. */
const enginePart = (name) => [`**/engine/${name}/*`, `**/${name}/*`];
const parts = [
  'files',
  'onnx',
  'feeds',
  'runtime',
  'stats',
  'calibrate',
  'quantize',
  'sensitivity',
  'workflow',
  'language',
];
const mayImport = {
  files: [],
  onnx: ['files'],
  feeds: ['files', 'onnx', 'stats'],
  // Of feeds, how outputs are scored: in the thread that computed them.
  runtime: ['files', 'onnx', 'stats', 'calibrate', 'feeds'],
  stats: [],
  calibrate: ['stats'],
  quantize: ['onnx', 'calibrate', 'stats'],
  sensitivity: ['quantize', 'runtime', 'feeds', 'stats', 'onnx', 'calibrate'],
  workflow: ['onnx', 'feeds', 'runtime', 'stats', 'calibrate', 'quantize', 'sensitivity'],
  language: ['onnx'],
};
const forbid = (groups, message) => ({
  'no-restricted-imports': ['error', { patterns: [{ group: groups, message }] }],
});
const outside = ['**/extension/*', '**/webview/*', '**/test/*', 'vscode', 'd3-*'];

export default tseslint.config(
  { ignores: ['dist/', '**/.venv/', 'out/', '.vscode-test/', '.models/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
  {
    // Kernels over typed arrays: every index is bounded by the loop, and a check per element would cost.
    files: ['engine/{stats,calibrate}/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['{engine,extension,webview}/**/*.ts'],
    ignores: ['engine/ownValue.ts'],
    plugins: { quantscope: { rules: { 'own-value': ownValueRule } } },
    rules: { 'quantscope/own-value': 'error' },
  },
  { files: ['engine/**/*.ts'], rules: forbid(outside, 'The engine knows no editor, no DOM and no test.') },
  ...parts.map((part) => ({
    files: [`engine/${part}/**/*.ts`],
    rules: forbid(
      [
        ...outside,
        ...parts.filter((p) => p !== part && !mayImport[part].includes(p)).flatMap(enginePart),
        '../project',
        '../server',
        '../cli',
        '../cli/*',
        ...(part === 'runtime' ? [] : ['onnxruntime-*']),
      ],
      `engine/${part} may import only: ${mayImport[part].join(', ') || 'nothing of the other parts'}.`,
    ),
  })),
  {
    files: ['engine/cli/*Commands.ts', 'engine/cli/options.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[property.name=/^(stdout|stderr)$/], Identifier[name="console"]',
          message: 'Use print, printJson or note: names from files may steer a terminal.',
        },
      ],
    },
  },
  {
    files: ['webview/**/*.ts'],
    rules: forbid(
      [
        'vscode',
        'node:*',
        '**/extension/*',
        '**/test/*',
        '**/engine/*',
        '!**/engine/protocol',
        '!**/engine/describeFindings',
        '!**/engine/format',
        '!**/engine/keptInFloat',
        '!**/engine/ownValue',
        '!**/engine/target',
      ],
      'The view runs in a browser and knows only engine/protocol.',
    ),
  },
  {
    files: ['extension/**/*.ts'],
    ignores: ['extension/showMessage.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[property.name=/^show(Information|Warning|Error)Message$/]',
          message: 'Use showMessage: a notification makes links of what names hold.',
        },
      ],
    },
  },
  {
    files: ['extension/**/*.ts'],
    rules: forbid(
      [
        '**/engine/*',
        '!**/engine/protocol',
        '!**/engine/describeFindings',
        '!**/engine/files',
        '**/engine/files/*',
        '!**/engine/files/runFiles',
        '!**/engine/files/writeFile',
        '!**/engine/format',
        '!**/engine/keptInFloat',
        '!**/engine/parseJson',
        '!**/engine/neutral',
        '!**/engine/ownValue',
        '!**/engine/parseReport',
        '!**/engine/recipeEdits',
        '!**/engine/recipePath',
        '!**/engine/recipeRules',
        '!**/engine/recipeText',
        '!**/engine/reportPage',
        '!**/engine/target',
        '!**/engine/walkFolder',
        '**/webview/*',
        '!**/webview/protocol',
        '**/test/*',
        'onnxruntime-*',
      ],
      'The extension knows only the two protocol files.',
    ),
  },
);
