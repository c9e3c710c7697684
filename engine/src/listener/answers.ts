// SPDX-License-Identifier: Elastic-2.0
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Answers on a raw socket, where no HTTP response object exists, and ends the connection. */
export function answerRaw(
  socket: Duplex,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${text}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** The answer to bytes that are not an HTTP request, by the parser's error code. */
export function describeBadRequest(code: string | undefined): { status: number; text: string } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, text: 'The request headers are too large.' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, text: 'The request did not arrive in time.' };
    default:
      return {
        status: 400,
        text: 'This is not an HTTP request. Workers connect here with a WebSocket (ws://, not TLS).',
      };
  }
}
