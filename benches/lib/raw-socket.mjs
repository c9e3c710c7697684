// SPDX-License-Identifier: Apache-2.0
/** A `ws` connection that speaks prepared frame texts, so that the generator costs little. */
import WebSocket from 'ws';

export function open(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
    socket.once('open', () => {
      joinWrites(socket);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/**
 * Everything sent in one turn of the loop leaves in one write. Without this the generator spends
 * its core on system calls and is the limit of whatever it measures.
 */
function joinWrites(socket) {
  const raw = socket._socket;
  const send = socket.send.bind(socket);
  let isCorked = false;
  socket.send = (data) => {
    if (!isCorked) {
      isCorked = true;
      raw.cork();
      setImmediate(() => {
        isCorked = false;
        raw.uncork();
      });
    }
    send(data);
  };
}

/** A UUID made of a counter: unique in this process and free to make. */
export const uuidOf = (n) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

const ID = '"invocation_id":"';

/** The invocation id of a frame, by position. */
export function invocationIdOf(text) {
  const at = text.indexOf(ID) + ID.length;
  return text.slice(at, at + 36);
}

export const announce = (name) =>
  `{"type":"invokefunction","function_id":"engine::workers::register","data":{"runtime":"node","version":"0.23.0","name":"${name}","pid":1},"action":{"type":"void"}}`;
export const register = (id) => `{"type":"registerfunction","id":"${id}"}`;
export const invoke = (invocationId, functionId, data) =>
  `{"type":"invokefunction","invocation_id":"${invocationId}","function_id":"${functionId}","data":${data}}`;
export const result = (invocationId, functionId, text) =>
  `{"type":"invocationresult","invocation_id":"${invocationId}","function_id":"${functionId}","result":${text}}`;
