// SPDX-License-Identifier: Elastic-2.0

/** A listener could not have its address; the message says what to change. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** The system's code, such as `EADDRINUSE`. */
  readonly code: string;
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    super(describe(host, port, cause), { cause });
    this.code = cause.code ?? 'UNKNOWN';
    this.host = host;
    this.port = port;
  }
}

function describe(host: string, port: number, cause: NodeJS.ErrnoException): string {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  if (cause.code === 'EADDRINUSE') {
    return (
      `address ${address} is already in use; the engine wants it for its workers. ` +
      'Stop the program that has it (perhaps another engine), or set `port` of iii-worker-manager in config.yaml.'
    );
  }
  return `failed to bind to ${address}: ${cause.message}. Check \`host\` and \`port\` of iii-worker-manager in config.yaml.`;
}
