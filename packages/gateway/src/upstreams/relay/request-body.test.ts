import { describe, expect, test } from 'vitest';
import { applyAliases, readModel } from './request-body.ts';

const bytes = (text: string) => Buffer.from(text);

describe('readModel', () => {
  test.each([
    ['first in the body', '{"model":"gpt-5","input":"hi"}', 'gpt-5'],
    ['alone', ' { "model" : "gpt-5" } ', 'gpt-5'],
    ['behind other keys', '{"input":{"model":"inner"},"model":"outer"}', 'outer'],
    ['with escapes', '{"model":"a\\u0062\\"c"}', 'ab"c'],
    ['beyond ASCII', '{"model":"modèle"}', 'modèle'],
    ['missing', '{"input":"hi"}', null],
    ['not a string', '{"model":5}', null],
    ['in no object', '["model"]', null],
    ['in no JSON', '{"model":', null],
  ])('reads a model that is %s', (_, body, expected) => {
    expect(readModel(bytes(body))).toBe(expected);
  });
});

describe('applyAliases', () => {
  const rename = (model: string, aliases: Record<string, string>) => {
    const body = bytes(`{"model":"${model}","seed":12345678901234567890}`);
    const renamed = applyAliases(body, model, aliases);
    return renamed === body ? 'untouched' : JSON.parse(renamed.toString()).model;
  };

  test.each([
    ['gpt-5-mini', { 'gpt-*': 'llama' }, 'llama'],
    ['gpt-5-mini', { '*-mini': 'small', 'gpt-*': 'llama' }, 'small'],
    ['gpt-5-mini', { 'gpt-*-mini': 'small' }, 'small'],
    ['gpt-5-mini', { 'g*5*i': 'small' }, 'small'],
    ['gpt-5', { 'gpt-5': 'exact' }, 'exact'],
    ['gpt-5', { '*': 'any' }, 'any'],
    ['gpt-5', { 'gpt-5-*': 'x', gpt: 'y', 'a*a': 'z' }, 'untouched'],
    ['a', { 'a*a': 'z' }, 'untouched'],
    ['gpt.5', { 'gpt-5': 'x', 'g.t*': 'y' }, 'untouched'],
    ['llama', { 'l*': 'llama' }, 'untouched'],
  ])('%s by %j becomes %s', (model, aliases, expected) => {
    expect(rename(model, aliases as Record<string, string>)).toBe(expected);
  });

  test('leaves a body alone that names no model', () => {
    const body = bytes('[1]');
    expect(applyAliases(body, null, { '*': 'any' })).toBe(body);
  });
});
