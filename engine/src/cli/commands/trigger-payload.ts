// SPDX-License-Identifier: Apache-2.0

/** The payload that `--json` and `key=value` operands stand for. */
export function buildPayload(json: string | undefined, pairs: readonly string[]): unknown {
  const base = json === undefined ? {} : parseJson(json);
  if (pairs.length === 0) return base;
  if (typeof base !== 'object' || base === null || Array.isArray(base)) {
    throw new Error('--json must be an object when combined with kv pairs');
  }
  return { ...base, ...Object.fromEntries(pairs.map(parsePair)) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`--json: invalid JSON \`${text}\`: ${(error as Error).message}`);
  }
}

/** `a=2` is a number, `a=x` text: what parses as JSON is JSON. */
function parsePair(token: string): [string, unknown] {
  const equals = token.indexOf('=');
  if (equals === -1) throw new Error(`expected key=value, got \`${token}\``);
  if (equals === 0) throw new Error(`payload key must not be empty (got \`${token}\`)`);
  const text = token.slice(equals + 1);
  try {
    return [token.slice(0, equals), JSON.parse(text)];
  } catch {
    return [token.slice(0, equals), text]; // text is what most arguments are
  }
}
