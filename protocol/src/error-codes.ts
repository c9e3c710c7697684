// SPDX-License-Identifier: Apache-2.0

/** Every code that can stand in an error on the wire, with its meaning and what to do about it. */
export const ERROR_CODES = {
  function_not_found: {
    meaning: 'No live worker serves this function in the namespace asked.',
    remedy: 'Check id and namespace; the message names namespaces that have the id.',
  },
  invocation_stopped: {
    meaning: 'The executing worker disconnected before it answered.',
    remedy: 'Retry if the function is idempotent.',
  },
  invocation_error: {
    meaning: 'The call lost its place: its invocation id was used again while it was in flight.',
    remedy: 'Use a fresh UUID for every call.',
  },
  channel_send_failed: {
    meaning: "The executing worker's connection cannot take more.",
    remedy: 'Slow down, or raise the outbound limit.',
  },
  invocation_failed: {
    meaning: 'The handler threw.',
    remedy: 'See the message and stack trace.',
  },
  function_not_invokable: {
    meaning: 'The function is invoked over HTTP and has no local handler.',
    remedy: 'Call it through the engine.',
  },
  invalid_frame: {
    meaning: 'The frame is not a valid protocol message.',
    remedy: 'Mend the field the message names.',
  },
  message_too_large: {
    meaning: 'A message exceeds the size limit of its receiver.',
    remedy: 'Send less, use a data channel, or raise max_message_bytes.',
  },
  FORBIDDEN: {
    meaning: 'The session may not do this.',
    remedy: 'Grant it in the rbac block of the listener.',
  },
  INVALID_NAMESPACE: {
    meaning: 'A namespace is blank.',
    remedy: 'Leave the field out, or give it a name.',
  },
  enqueue_error: {
    meaning: 'The queue did not take the job.',
    remedy: 'Run a queue worker, or read the provider code in the message.',
  },
  trigger_registration_failed: {
    meaning: 'The provider of the trigger type refused the binding.',
    remedy: 'See the message; the binding is kept and tried again when the provider returns.',
  },
  trigger_type_not_found: {
    meaning: 'The provider does not know the trigger type.',
    remedy: 'Register the type before binding to it.',
  },
  deserialization_error: {
    meaning: 'The input of a builtin has the wrong shape.',
    remedy: 'Send a JSON object with the fields the message names.',
  },
  serialization_error: {
    meaning: 'A result cannot be written as JSON.',
    remedy: 'Return plain JSON values.',
  },
  NOT_FOUND: { meaning: 'The thing asked for does not exist.', remedy: 'Check the id.' },
  INVALID_ARGUMENTS: {
    meaning: 'The arguments contradict each other.',
    remedy: 'See the message.',
  },
  unregister_failed: {
    meaning: 'The provider failed to remove a trigger.',
    remedy: 'The binding stays; try again.',
  },
  AUTH_ERROR: { meaning: 'The connection was not admitted.', remedy: 'Check the credentials.' },
  TIMEOUT: {
    meaning: 'No answer came in time.',
    remedy: 'Raise the timeout or look at the worker.',
  },
  engine_stopping: {
    meaning: 'The engine is shutting down and takes no new calls.',
    remedy: 'Retry; clients reconnect by themselves.',
  },
} as const;

/** A code of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;
