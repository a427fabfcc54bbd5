// Member verification: a feature in, a verdict out, as guests/member-verification gives it.
//
// It is here to show that the world `stage` belongs to no language: the same pipeline with this component answers the
// same.

import { label } from 'footlight:stage/models@0.1.0';
import { get } from 'footlight:stage/settings@0.1.0';
import { loadByName } from 'wasi:nn/graph@0.2.0-rc-2024-10-28';

import { verdict } from './verdict.js';

const GALLERY = 'gallery';

export const processing = {
  process(input) {
    const threshold = wantedThreshold();
    if (input.payload.tag !== 'tensor') {
      const val = `this stage works on a tensor, and the ${input.class} is none`;
      throw { tag: 'unsuitable', val };
    }
    const outputs = similar(input.payload.val);
    let fields;
    try {
      const similarities = new Float32Array(buffer(outputs.get('similarities')));
      const rows = new BigInt64Array(buffer(outputs.get('rows')));
      fields = verdict(similarities, rows, threshold, (row) => label(GALLERY, Number(row)));
    } catch (error) {
      throw failed(error.message);
    }
    const document = Object.entries(fields).map(([name, content]) => ({ name, value: value(content) }));
    return [{ class: 'verdict', payload: { tag: 'document', val: document }, attributes: [] }];
  },
};

/** What the gallery gives for a feature, by the names of its outputs. */
function similar(feature) {
  try {
    const context = loadByName(GALLERY).initExecutionContext();
    return new Map(context.compute([['feature', feature]]));
  } catch (error) {
    throw failed(`graph \`${GALLERY}\`: ${error.payload?.data() ?? error}`);
  }
}

function wantedThreshold() {
  const setting = get('threshold');
  if (setting === undefined) {
    throw failed(
      'the setting `threshold` is missing: give this stage a number of that name in the pipeline file',
    );
  }
  if (setting.tag !== 'number' && setting.tag !== 'integer') {
    throw failed('the setting `threshold` must be a number');
  }
  const threshold = Number(setting.val);
  if (!(threshold >= 0 && threshold <= 1)) {
    throw failed(`the setting \`threshold\` must be from 0 to 1, but it is ${threshold}`);
  }
  return threshold;
}

/** A tensor's bytes, from the start of a buffer of their own, as arrays of numbers want them. */
function buffer(tensor) {
  return tensor.data().slice().buffer;
}

/** What a document's field holds. */
function value(content) {
  const tags = { boolean: 'flag', number: 'number', string: 'text' };
  return { tag: tags[typeof content], val: content };
}

function failed(val) {
  return { tag: 'failed', val };
}
