import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { matchRoute } from './allowed-paths.ts';

function refusal(method: string, path: string): string {
  try {
    matchRoute(method, path);
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
  return 'taken';
}

describe('matchRoute', () => {
  test('tells the two kinds of model calls', () => {
    expect(matchRoute('POST', '/v1/responses')).toEqual({
      type: 'model_call',
      api: 'responses',
      path: '/responses',
    });
    expect(matchRoute('POST', '/v1/chat/completions')).toEqual({
      type: 'model_call',
      api: 'chat_completions',
      path: '/chat/completions',
    });
  });

  test.each([
    'POST /v1/embeddings',
    'POST /v1/moderations',
    'GET /v1/models',
    'GET /v1/models/ft%3Agpt-4o%3Aorg',
    'GET /v1/models/meta-llama%2FLlama-3',
    'POST /v1/files',
    'GET /v1/files/file-1/content',
    'DELETE /v1/files/file-1',
    'POST /v1/vector_stores/vs_1/search',
    'GET /v1/vector_stores/vs_1/files/file-1/content',
    'POST /v1/images/generations',
    'POST /v1/audio/transcriptions',
    'POST /v1/conversations',
    'GET /v1/conversations/conv_1/items/item_1',
    'GET /v1/responses/resp_1',
    'POST /v1/responses/resp_1/cancel',
    'POST /v1/responses/compact',
    'POST /v1/responses/input_tokens',
    'POST /v1/containers',
    'DELETE /v1/containers/cntr_1',
    'POST /v1/containers/cntr_1/files',
    'GET /v1/containers/cntr_1/files/cfile_1/content',
    'GET /v1/responses/resp_1/input_items',
  ])('passes %s through below the base', (line) => {
    const [method = '', path = ''] = line.split(' ');
    expect(matchRoute(method, path)).toEqual({ type: 'passed_through', path: path.slice(3) });
  });

  test.each([
    'GET /v1/fine_tuning/jobs',
    'GET /v1/organization/admin_api_keys',
    'POST /responses',
    'GET /',
    'GET /v1/files/../organization/users',
    'GET /v1/files/%2e%2e/organization',
    'GET /v1/models/a%2F..%2F..%2Forganization',
    'GET /v1/models/a%5C..%5C..',
    'GET /v1//files',
    'GET /v1/files/%zz',
    'GET http://elsewhere/v1/files',
  ])('does not know %s', (line) => {
    const [method = '', path = ''] = line.split(' ');
    expect(refusal(method, path)).toBe('route_not_found');
  });

  test.each(['GET /v1/responses', 'PUT /v1/files', 'POST /v1/models', 'DELETE /v1/embeddings'])(
    'takes other methods than %s',
    (line) => {
      const [method = '', path = ''] = line.split(' ');
      expect(refusal(method, path)).toBe('method_not_allowed');
    },
  );
});
