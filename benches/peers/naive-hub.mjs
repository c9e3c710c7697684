// SPDX-License-Identifier: Apache-2.0
/** The hub one writes first: `ws`, every frame parsed and written as JSON, one write per frame. */
import { randomUUID } from 'node:crypto';
import { WebSocketServer } from 'ws';

const functions = new Map();
const pending = new Map();
const server = new WebSocketServer({
  port: Number(process.argv[2]),
  host: '127.0.0.1',
  perMessageDeflate: false,
  maxPayload: 64 * 1024 * 1024,
});

server.on('connection', (socket) => {
  socket.send(JSON.stringify({ type: 'workerregistered', worker_id: randomUUID() }));
  socket.on('message', (data) => {
    const frame = JSON.parse(data.toString());
    if (frame.type === 'registerfunction') functions.set(frame.id, socket);
    if (frame.type === 'invokefunction') {
      const provider = functions.get(frame.function_id);
      if (!provider) return;
      const id = randomUUID();
      pending.set(id, { socket, id: frame.invocation_id });
      const { function_id, data: payload } = frame;
      provider.send(
        JSON.stringify({ type: 'invokefunction', invocation_id: id, function_id, data: payload }),
      );
    }
    if (frame.type === 'invocationresult') {
      const call = pending.get(frame.invocation_id);
      pending.delete(frame.invocation_id);
      call?.socket.send(JSON.stringify({ ...frame, invocation_id: call.id }));
    }
  });
});
