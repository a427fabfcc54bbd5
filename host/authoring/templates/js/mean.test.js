import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mean } from './mean.js';

test('half black and half white is half bright', () => {
  assert.equal(mean([0, 1, 1, 0]), 0.5);
});

test('nothing is black', () => {
  assert.equal(mean([]), 0);
});
