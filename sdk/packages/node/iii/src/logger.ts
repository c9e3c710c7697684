// SPDX-License-Identifier: Apache-2.0

/** Writes to the console, with the trace it belongs to. */
export class Logger {
  readonly traceId: string | undefined;
  readonly serviceName: string | undefined;
  readonly spanId: string | undefined;

  constructor(traceId?: string, serviceName?: string, spanId?: string) {
    this.traceId = traceId;
    this.serviceName = serviceName;
    this.spanId = spanId;
  }

  info(message: string, data?: unknown): void {
    console.info(message, data);
  }

  warn(message: string, data?: unknown): void {
    console.warn(message, data);
  }

  error(message: string, data?: unknown): void {
    console.error(message, data);
  }

  debug(message: string, data?: unknown): void {
    console.debug(message, data);
  }
}
