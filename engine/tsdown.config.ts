import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'testing/index': 'src/testing/index.ts',
    cli: 'src/cli/main.ts',
    'worker-host': 'src/boot/worker-host.ts',
  },
  format: ['esm'],
  dts: { oxc: true },
  inputOptions: { resolve: { conditionNames: ['iii-source', 'node', 'import', 'default'] } },
});
