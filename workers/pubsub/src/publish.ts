// SPDX-License-Identifier: Apache-2.0
import { memberTexts } from '@iii-dev/worker-kit';
import { InvocationError } from 'iii-sdk';
import { Payload } from 'iii-sdk/internal';

/** What is published: `data` as it came, never parsed. */
export interface Message {
  readonly topic: string;
  readonly data: Payload;
}

/** Reads the input of `publish`. @throws InvocationError `deserialization_error`, `topic_not_set` */
export function readMessage(input: Payload): Message {
  const members = memberTexts(input.text);
  if (members === undefined) throw refuse('invalid type, expected an object');
  const topicText = members.get('topic');
  if (topicText === undefined) throw refuse('missing field `topic`');
  const topic: unknown = JSON.parse(topicText);
  if (typeof topic !== 'string') throw refuse('invalid type for `topic`, expected a string');
  const data = members.get('data');
  if (data === undefined) throw refuse('missing field `data`');
  if (topic === '') {
    throw new InvocationError({ code: 'topic_not_set', message: 'Topic is not set' });
  }
  return { topic, data: Payload.ofText(data) };
}

function refuse(cause: string): InvocationError {
  return new InvocationError({
    code: 'deserialization_error',
    message: `Failed to deserialize input for publish: ${cause}`,
  });
}
