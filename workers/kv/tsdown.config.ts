import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: ['src/index.ts', 'src/bin.ts'],
  format: ['esm'],
  dts: { oxc: true },
  inputOptions: { resolve: { conditionNames: ['iii-source', 'node', 'import', 'default'] } },
});
