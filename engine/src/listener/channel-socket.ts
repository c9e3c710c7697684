// SPDX-License-Identifier: Elastic-2.0
// Carries a data channel over WebSockets: one socket feeds it, another is fed.
//
// I1 A full channel stops reading from the writer's socket, so its peer feels TCP back-pressure.
// I2 However the writer's socket ends (Close, reset, end of TCP), what it delivered is delivered on.
// I3 Both sockets are read, so pings are answered and a reader that leaves is noticed at once.
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { ChannelReader, ChannelWriter } from '../hub/channel.ts';

/** Bytes on their way to a reader before the rest waits in the channel. */
const READER_WINDOW_BYTES = 256 * 1024;

/**
 * Silence after which the kernel asks a peer whether it lives. Channel peers are not pinged: a
 * reader that applies back-pressure stops reading and could not answer.
 */
const TCP_KEEP_ALIVE_MS = 15_000;

/** Close codes of RFC 6455: the stream is complete; the channel has gone away under the reader. */
const CLOSE_COMPLETE = 1000;
const CLOSE_REMOVED = 1001;

/** Feeds a channel from a socket until that ends. */
export function bridgeWriter(ws: WebSocket, socket: Socket, writer: ChannelWriter): void {
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  writer.onRoom = () => ws.resume();
  writer.onGone = () => ws.terminate();
  ws.on('message', (data, isBinary) => {
    // `data` is a Buffer: the socket's binary type is left at its default.
    const outcome = writer.write({ data: data as Buffer, isBinary });
    if (outcome === 'full')
      ws.pause(); // I1
    else if (outcome === 'gone') ws.terminate();
  });
  ws.on('error', () => {}); // a close follows in every case
  ws.on('close', () => writer.end()); // I2
}

/** Feeds a socket from a channel until either ends. */
export function bridgeReader(ws: WebSocket, socket: Socket, reader: ChannelReader): void {
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  let isComplete = false;
  const pump = () => {
    socket.cork();
    while (ws.readyState === WebSocket.OPEN && ws.bufferedAmount < READER_WINDOW_BYTES) {
      const message = reader.read();
      if (message === undefined) break;
      ws.send(message.data, { binary: message.isBinary }, pumpAfterSend);
    }
    socket.uncork();
  };
  const pumpAfterSend = (error?: Error | null) => {
    if (error) return;
    pump();
    closeWhenSent();
  };
  // Closing starts a timer that cuts the socket; a slow reader gets its last bytes before that.
  const closeWhenSent = () => {
    if (isComplete && ws.bufferedAmount === 0) ws.close(CLOSE_COMPLETE);
  };
  reader.onMessage = pump;
  reader.onEnd = (end) => {
    isComplete = end === 'complete';
    if (isComplete) closeWhenSent();
    else ws.close(CLOSE_REMOVED, 'channel removed');
  };
  ws.on('error', () => {}); // a close follows in every case
  ws.on('close', () => reader.end()); // I3
  pump();
}
