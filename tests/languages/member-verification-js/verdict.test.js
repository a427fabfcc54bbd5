import assert from 'node:assert/strict';
import { test } from 'node:test';

import { verdict } from './verdict.js';

const label = (row) => ({ 0: 'ann', 1: 'bob' })[row];

test('a member is named with the margin to the next', () => {
  const fields = verdict([0.75, 0.25], [1n, 0n], 0.42, label);
  const expected = { member: true, id: 'bob', similarity: 0.75, margin: 0.5, threshold: 0.42 };
  assert.deepEqual(fields, expected);
});

test('a stranger is given no name', () => {
  const fields = verdict([0.25, 0.125], [1n, 0n], 0.42, label);
  assert.equal(fields.member, false);
  assert.ok(!('id' in fields));
});

test('a similarity of exactly the threshold makes a member', () => {
  assert.equal(verdict([0.5], [0n], 0.5, label).id, 'ann');
});

test('a gallery of one member gives no margin', () => {
  assert.ok(!('margin' in verdict([0.75], [1n], 0.42, label)));
});

test('an empty gallery never makes a member', () => {
  const fields = verdict([0], [0n], 0, () => undefined);
  assert.deepEqual(fields, { member: false, similarity: 0, threshold: 0 });
});

test('a gallery that gives nothing or nonsense is an error', () => {
  assert.throws(() => verdict([], [], 0.42, label), /no similarity/);
  assert.throws(() => verdict([0.5], [], 0.42, label), /no similarity/);
  assert.throws(() => verdict([NaN], [0n], 0.42, label), /not finite/);
  assert.throws(() => verdict([0.5, NaN], [0n, 1n], 0.42, label), /not finite/);
});
