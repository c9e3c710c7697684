// SPDX-License-Identifier: Apache-2.0
/** The least a hub on `ws` can do: what one side sends, the other gets, unread. */
import { WebSocketServer } from 'ws';

const sides = { caller: undefined, provider: undefined };
const server = new WebSocketServer({
  port: Number(process.argv[2]),
  host: '127.0.0.1',
  perMessageDeflate: false,
  maxPayload: 64 * 1024 * 1024,
});

server.on('connection', (socket, request) => {
  const side = request.url.includes('role=caller') ? 'caller' : 'provider';
  const other = side === 'caller' ? 'provider' : 'caller';
  sides[side] = socket;
  socket.on('message', (data, isBinary) => sides[other]?.send(data, { binary: isBinary }));
});
