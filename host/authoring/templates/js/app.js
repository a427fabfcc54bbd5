// How bright a picture is.

import { get } from 'footlight:stage/settings@0.1.0';

import { mean } from './mean.js';

// The host reduces the picture to 32 x 32 means of grey, white as 1; only those come here.
const VIEW = {
  region: { tag: 'whole' },
  width: 32,
  height: 32,
  filter: 'area',
  border: { r: 0, g: 0, b: 0 },
};
const SCALE = 1 / 255;
const GREY = {
  channels: 'luma',
  layout: 'nchw',
  ty: 'FP32',
  mean: [0, 0, 0],
  scale: [SCALE, SCALE, SCALE],
};

export const processing = {
  process(input) {
    if (input.payload.tag !== 'image') {
      throw { tag: 'unsuitable', val: 'this stage works on images' };
    }
    const bytes = input.payload.val.tensor(VIEW, GREY).data();

    const bright = mean(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
    const dark = bright < (get('dark-below')?.val ?? 0.25);
    const answer = [
      { name: 'mean', value: { tag: 'number', val: bright } },
      { name: 'dark', value: { tag: 'flag', val: dark } },
    ];
    return [{ class: 'brightness', payload: { tag: 'document', val: answer }, attributes: [] }];
  },
};
