// SPDX-License-Identifier: Apache-2.0
/** Registers routes over one socket and posts to the last of them, 8 at a time. */
import { Agent, request } from 'node:http';
import { quantile } from '../lib/numbers.mjs';
import { announce, invocationIdOf, open, register, result } from '../lib/raw-socket.mjs';

const { url, httpPort, routes, requests } = JSON.parse(process.argv[2]);
const CONCURRENCY = 8;
const WARM_UP_REQUESTS = 1_000;
const BODY = '{"source":"criterion","kind":"http","value":42}';

const worker = await open(url);
worker.on('message', (data) => {
  const text = data.toString();
  if (!text.startsWith('{"type":"invokefunction"')) return;
  worker.send(
    result(invocationIdOf(text), 'bench::http', '{"status_code":200,"body":{"ok":true}}'),
  );
});
worker.send(announce('bench-http'));
for (let n = 0; n < routes; n += 1) {
  worker.send(register(`bench.http.${n}`));
  worker.send(
    `{"type":"registertrigger","id":"bench-route-${n}","trigger_type":"http","function_id":"bench.http.${n}","config":{"api_path":"/bench/${n}","http_method":"POST"}}`,
  );
}
const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
const path = `/bench/${routes - 1}`;
while ((await post()) !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
await postMany(WARM_UP_REQUESTS);
const latencies = await postMany(requests);
process.send({ p50Ms: quantile(latencies, 0.5), maxMs: Math.max(...latencies) });
process.exit(0);

async function postMany(count) {
  const latencies = [];
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      const at = performance.now();
      const status = await post();
      if (status !== 200) throw new Error(`status ${status}`);
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return latencies;
}

function post() {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': BODY.length };
    const outgoing = request({
      agent,
      host: '127.0.0.1',
      port: httpPort,
      path,
      method: 'POST',
      headers,
    });
    outgoing.on('response', (incoming) => {
      incoming.resume();
      incoming.on('end', () => resolve(incoming.statusCode));
    });
    outgoing.on('error', reject);
    outgoing.end(BODY);
  });
}
