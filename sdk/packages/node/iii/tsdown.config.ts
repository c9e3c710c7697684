import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: [
    'src/index.ts',
    'src/channel.ts',
    'src/helpers.ts',
    'src/trigger.ts',
    'src/runtime.ts',
    'src/errors.ts',
    'src/engine.ts',
    'src/protocol.ts',
    'src/state.ts',
    'src/stream.ts',
    'src/streams.ts',
    'src/internal.ts',
    'src/compat.ts',
  ],
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20',
  dts: { oxc: true },
  inputOptions: { resolve: { conditionNames: ['iii-source', 'node', 'import', 'default'] } },
});
