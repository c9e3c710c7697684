// SPDX-License-Identifier: Apache-2.0
/** Many workers lose their connections at once and come back; each until its function answers. */

import { quantile } from '../lib/numbers.mjs';
import {
  announce,
  invocationIdOf,
  invoke,
  open,
  register,
  result,
  uuidOf,
} from '../lib/raw-socket.mjs';

const { url, workers } = JSON.parse(process.argv[2]);
const AT_ONCE_FIRST = 50;
let next = 0;

function freshId() {
  next += 1;
  return uuidOf(next);
}

/** Resolves once the worker's own function has answered over its new connection. */
async function connect(n, previous) {
  const socket = await open(url);
  const identity = {};
  const id = `storm::f${n}`;
  await new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error(`worker ${n} lost its connection`)));
    socket.on('message', (data) => {
      const text = data.toString();
      if (text.startsWith('{"type":"invokefunction"'))
        socket.send(result(invocationIdOf(text), id, '1'));
      if (text.startsWith('{"type":"workerregistered"')) Object.assign(identity, JSON.parse(text));
      if (!text.startsWith('{"type":"invocationresult"')) return;
      if (text.includes('"result":1')) resolve();
      else socket.send(invoke(freshId(), id, 'null'));
    });
    if (previous)
      socket.send(
        JSON.stringify({
          type: 'reattach',
          previous_worker_id: previous.worker_id,
          reattach_token: previous.reattach_token,
        }),
      );
    socket.send(announce(`storm-${n}`));
    socket.send(register(id));
    socket.send(invoke(freshId(), id, 'null'));
  });
  socket.removeAllListeners('close');
  return { socket, identity };
}

const live = [];
for (let n = 0; n < workers; n += AT_ONCE_FIRST) {
  const batch = Array.from({ length: Math.min(AT_ONCE_FIRST, workers - n) }, (_, at) =>
    connect(n + at),
  );
  live.push(...(await Promise.all(batch)));
}
const startedAt = performance.now();
const times = await Promise.all(
  live.map(async ({ socket, identity }, n) => {
    socket.terminate();
    await connect(n, identity);
    return performance.now() - startedAt;
  }),
);
process.send({ p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) });
process.exit(0);
