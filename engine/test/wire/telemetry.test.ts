// SPDX-License-Identifier: Elastic-2.0
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { startWireEngine } from '../support/wire-engine.ts';

async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
}

test('protocol:T6 T7 L2 telemetry of both paths reaches its provider, and its sockets are no workers', async () => {
  await using engine = await startWireEngine();
  const provider = await engine.connect({ name: 'observer' });
  provider.register('engine::telemetry::ingest');
  await provider.settled();
  const otel = await openSocket(`${engine.url}/otel`);
  const legacy = await openSocket(engine.url);
  otel.send(Buffer.from('OTLP{"resourceSpans":[9007199254740993]}'));
  const spans = await provider.invoked('engine::telemetry::ingest');
  expect(spans.data).toMatchObject({ kind: 'traces', worker_id: null });
  expect(provider.texts.at(-1)).toContain('[9007199254740993]');
  const seen = provider.frames.length;
  legacy.send(Buffer.from([...Buffer.from('LOGS'), 0xff, 0xfe]));
  legacy.send(Buffer.from('LOGS'));
  legacy.send(Buffer.from('MTRC{"resourceMetrics":[]}'));
  const metrics = await provider.invoked('engine::telemetry::ingest', seen);
  expect(metrics.data).toMatchObject({ kind: 'metrics', worker_id: expect.any(String) });
  expect(legacy.readyState).toBe(WebSocket.OPEN);
  const { workers } = (await provider.call('engine::workers::list', {})).result;
  expect(workers.map((row: { name: string }) => row.name)).toEqual([
    'iii-engine-functions',
    'observer',
  ]);
  otel.terminate();
  legacy.terminate();
});

test('telemetry without a provider is dropped without a word', async () => {
  await using engine = await startWireEngine();
  const client = await engine.connect({ name: 'c' });
  const legacy = await openSocket(engine.url);
  legacy.send(Buffer.from('OTLP{"resourceSpans":[]}'));
  legacy.send(Buffer.from('OTLPnonsense'));
  await client.settled();
  expect(engine.log.lines.filter((line) => line.includes('elemetry'))).toEqual([]);
  legacy.terminate();
});
