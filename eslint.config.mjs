import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { ownValueRule } from './scripts/ownValueRule.mjs';

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
    ignores: ['engine/shared/ownValue.ts'],
    plugins: { quantscope: { rules: { 'own-value': ownValueRule } } },
    rules: { 'quantscope/own-value': 'error' },
  },
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
    files: ['extension/**/*.ts'],
    ignores: ['extension/ui/showMessage.ts'],
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
);
