// SPDX-License-Identifier: Apache-2.0
/** The second worker: serves HTTP, calls the first one, and keeps a running total in state. */
import { registerWorker } from 'iii-sdk';

const iii = registerWorker(process.env.III_URL ?? 'ws://127.0.0.1:49134', {
  workerName: 'caller',
});

interface AddRequest {
  body: { a: number; b: number } | null;
}

iii.registerFunction('http::add', async (request: AddRequest) => {
  const { a, b } = request.body ?? {};
  if (!Number.isInteger(a) || !Number.isInteger(b)) {
    return { status_code: 400, body: { error: 'send {"a": 2, "b": 3}, both whole numbers' } };
  }
  const { sum } = await iii.trigger({ function_id: 'math::add', payload: { a, b } });
  // An update is atomic in the store: two requests at once both count.
  const { new_value } = await iii.trigger({
    function_id: 'state::update',
    payload: {
      scope: 'quickstart',
      key: 'math',
      ops: [{ type: 'increment', path: 'total', by: sum }],
    },
  });
  return { status_code: 200, body: { sum, total: new_value.total } };
});

iii.registerFunction('http::reset', async () => {
  await iii.trigger({
    function_id: 'state::set',
    payload: { scope: 'quickstart', key: 'math', value: { total: 0 } },
  });
  return { status_code: 200, body: { total: 0 } };
});

iii.registerFunction('http::total', async () => {
  const stored = await iii.trigger({
    function_id: 'state::get',
    payload: { scope: 'quickstart', key: 'math' },
  });
  return { status_code: 200, body: { total: stored?.total ?? 0 } };
});

for (const [function_id, http_method, api_path] of [
  ['http::add', 'POST', '/math/add'],
  ['http::reset', 'POST', '/math/reset'],
  ['http::total', 'GET', '/math/total'],
] as const) {
  iii.registerTrigger({ type: 'http', function_id, config: { http_method, api_path } });
}
