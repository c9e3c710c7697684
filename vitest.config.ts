import { defineConfig } from 'vitest/config';

/** Sibling packages are tested from source, so a test never runs against a stale build. */
export default defineConfig({
  resolve: { conditions: ['iii-source'] },
  // No 'module': it reaches Node's own resolver, and files meant for bundlers do not load there.
  ssr: { resolve: { conditions: ['iii-source', 'node', 'import', 'default'] } },
  test: {
    include: ['**/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Published clients print on every reconnect; only a failing test's output helps anybody.
    silent: 'passed-only',
    pool: 'forks',
    maxWorkers: 2,
  },
});
