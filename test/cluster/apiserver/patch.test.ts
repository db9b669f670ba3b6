import { expect, test } from 'vitest';
import { applyPatch } from './patch.ts';

const STRATEGIC = 'application/strategic-merge-patch+json';
const pod = {
  metadata: { labels: { a: '1', b: '2' }, finalizers: ['x'] },
  spec: {
    containers: [
      { name: 'one', image: 'i:1', env: [{ name: 'A', value: '1' }] },
      { name: 'two', image: 'i:2' },
    ],
    tolerations: [{ key: 'k' }],
  },
};

test('a strategic merge patch merges containers by name and variables by name', () => {
  const patch = {
    spec: {
      containers: [
        { name: 'two', image: 'i:3' },
        { name: 'one', env: [{ name: 'B', value: '2' }] },
      ],
    },
  };
  expect(applyPatch(STRATEGIC, pod, patch).spec).toEqual({
    ...pod.spec,
    containers: [
      { name: 'two', image: 'i:3' },
      {
        name: 'one',
        image: 'i:1',
        env: [
          { name: 'B', value: '2' },
          { name: 'A', value: '1' },
        ],
      },
    ],
  });
});

test('directives order, delete and replace', () => {
  const patch = {
    metadata: {
      '$deleteFromPrimitiveList/finalizers': ['x'],
      labels: { $patch: 'replace', c: '3' },
    },
    spec: {
      '$setElementOrder/containers': [{ name: 'two' }, { name: 'new' }],
      containers: [{ name: 'new' }, { name: 'one', $patch: 'delete' }],
    },
  };
  expect(applyPatch(STRATEGIC, pod, patch)).toEqual({
    metadata: { labels: { c: '3' }, finalizers: [] },
    spec: {
      containers: [{ name: 'two', image: 'i:2' }, { name: 'new' }],
      tolerations: [{ key: 'k' }],
    },
  });
});

test('lists without a key and primitive sets', () => {
  const patch = { metadata: { finalizers: ['y'] }, spec: { tolerations: [{ key: 'z' }] } };
  const patched = applyPatch(STRATEGIC, pod, patch);
  expect(patched.metadata).toEqual({ labels: { a: '1', b: '2' }, finalizers: ['x', 'y'] });
  expect(patched.spec).toEqual({ ...pod.spec, tolerations: [{ key: 'z' }] });
});

test('a merge patch removes with null and replaces lists', () => {
  const patch = { metadata: { labels: { a: null } }, spec: { containers: [] } };
  expect(applyPatch('application/merge-patch+json', pod, patch)).toEqual({
    metadata: { labels: { b: '2' }, finalizers: ['x'] },
    spec: { containers: [], tolerations: [{ key: 'k' }] },
  });
});

test('a JSON patch', () => {
  const patch = [
    { op: 'test', path: '/spec/containers/1/name', value: 'two' },
    { op: 'add', path: '/metadata/labels/a~1b', value: '3' },
    { op: 'remove', path: '/spec/containers/0' },
    { op: 'move', from: '/spec/tolerations', path: '/spec/other' },
  ];
  expect(applyPatch('application/json-patch+json', pod, patch)).toEqual({
    metadata: { labels: { a: '1', b: '2', 'a/b': '3' }, finalizers: ['x'] },
    spec: { containers: [{ name: 'two', image: 'i:2' }], other: [{ key: 'k' }] },
  });
  expect(() =>
    applyPatch('application/json-patch+json', pod, [{ op: 'remove', path: '/no/where' }]),
  ).toThrow('the server rejected our request due to an error in our request');
});

test('another content type is rejected, and the object is never changed', () => {
  expect(() => applyPatch('application/json', pod, {})).toThrow('accepted media types include');
  expect(pod.metadata.labels).toEqual({ a: '1', b: '2' });
});
