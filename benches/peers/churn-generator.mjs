// SPDX-License-Identifier: Apache-2.0
/** Workers come, register a function, and leave. */
import { announce, open, register } from '../lib/raw-socket.mjs';

const { url, workers, cycle } = JSON.parse(process.argv[2]);
const AT_ONCE = 100;

const sockets = [];
for (let n = 0; n < workers; n += AT_ONCE) {
  const batch = await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, at) => {
      const socket = await open(url);
      // The greeting may have come with the upgrade, before anybody listens; a pong cannot.
      const registered = new Promise((resolve) =>
        socket.on('message', (data) => data.includes('"pong"') && resolve()),
      );
      socket.send(announce(`churn-${cycle}-${n + at}`));
      socket.send(register(`churn::f${n + at}`));
      socket.send('{"type":"ping"}');
      await registered;
      return socket;
    }),
  );
  sockets.push(...batch);
}
for (const socket of sockets) socket.terminate();
process.send({ workers: sockets.length });
process.exit(0);
