import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: ['src/math.ts', 'src/caller.ts'],
  format: ['esm'],
  dts: false,
});
