import { describe, expect, test } from 'vitest';
import { moduleEnvironment, startupEnvironment, workerEnvironment } from './worker-env.ts';

describe('the environment a worker starts with', () => {
  test('takes harmless names and leaves everything else', () => {
    const hostEnv = {
      PATH: '/bin',
      TZ: 'UTC',
      LC_TIME: 'de_DE',
      NODE_ENV: 'production',
      NODE_OPTIONS: '--inspect',
      AWS_SECRET_ACCESS_KEY: 'secret',
      USER: undefined,
    };
    expect(workerEnvironment({ hostEnv, named: [], user: null })).toEqual({
      PATH: '/bin',
      TZ: 'UTC',
      LC_TIME: 'de_DE',
      NODE_ENV: 'production',
    });
  });

  test('takes what the operator names, but no key of an upstream and no address of the store', () => {
    const hostEnv = { SERPER_KEY: 's', OPENAI_API_KEY: 'sk', GATEWAY_STORE_URL: 'postgres://x' };
    const named = ['SERPER_KEY', 'OPENAI_API_KEY', 'GATEWAY_STORE_URL', 'NOT_SET'];
    expect(workerEnvironment({ hostEnv, named, user: null })).toEqual({
      SERPER_KEY: 's',
    });
  });

  test('takes no home of another user, unless it is named', () => {
    const hostEnv = { PATH: '/bin', HOME: '/root' };
    const user = { uid: 1001, gid: 1001 };
    expect(workerEnvironment({ hostEnv, named: [], user })).toEqual({ PATH: '/bin' });
    expect(workerEnvironment({ hostEnv, named: ['HOME'], user })).toEqual(hostEnv);
  });

  test('takes a proxy and keeps the broker out of it', () => {
    const hostEnv = { https_proxy: 'http://proxy:3128', NO_PROXY: '.example.com' };
    expect(workerEnvironment({ hostEnv, named: [], user: null })).toMatchObject({
      https_proxy: 'http://proxy:3128',
      NO_PROXY: '.example.com,127.0.0.1,localhost,::1',
      no_proxy: '.example.com,127.0.0.1,localhost,::1',
    });
  });
});

test('a running spare cannot take what a process reads only while it starts', () => {
  const env = { NODE_OPTIONS: '--no-warnings', NODE_EXTRA_CA_CERTS: '/ca.pem', CITY: 'Paris' };
  expect(startupEnvironment(env)).toEqual({
    NODE_OPTIONS: '--no-warnings',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
  });
  expect(startupEnvironment({ CITY: 'Paris' })).toEqual({});
  expect(startupEnvironment({ PYTHONHASHSEED: '0', CITY: 'Paris' })).toEqual({
    PYTHONHASHSEED: '0',
  });
});

test('a module does not change the NODE_OPTIONS that the operator gives to every worker', () => {
  const env = { NODE_OPTIONS: '--no-warnings', NODE_EXTRA_CA_CERTS: '/ca.pem' };
  expect(startupEnvironment(env, { NODE_OPTIONS: '--no-deprecation' })).toEqual({
    NODE_EXTRA_CA_CERTS: '/ca.pem',
  });
});

test('a module that is held to permissions starts without what loads other code or files', () => {
  const env = {
    NODE_OPTIONS: '--permission',
    LD_PRELOAD: '/x.so',
    LD_AUDIT: '/x.so',
    DYLD_INSERT_LIBRARIES: '/x.dylib',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
    NODE_ICU_DATA: '/x',
    SSL_CERT_DIR: '/x',
    PYTHONSTARTUP: '/x.py',
    PYTHONHOME: '/x',
    PYTHONHASHSEED: '0',
    UV_THREADPOOL_SIZE: '2',
    CITY: 'Paris',
  };
  expect(startupEnvironment(env)).toEqual({
    NODE_OPTIONS: '--permission',
    PYTHONHASHSEED: '0',
    UV_THREADPOOL_SIZE: '2',
  });
  expect(startupEnvironment(env, { NODE_OPTIONS: '--permission' })).toEqual({
    PYTHONHASHSEED: '0',
    UV_THREADPOOL_SIZE: '2',
  });
  const { NODE_OPTIONS: _, ...free } = env;
  expect(startupEnvironment(free)).toMatchObject({ LD_PRELOAD: '/x.so', LD_AUDIT: '/x.so' });
});

test('the broker wins over the .env of a module', () => {
  const env = { OPENAI_API_KEY: 'sk-own', OPENAI_BASE_URL: 'https://elsewhere', CITY: 'Paris' };
  expect(moduleEnvironment(env, { baseUrl: 'http://127.0.0.1:9/v1', token: 't' })).toEqual({
    CITY: 'Paris',
    OPENAI_API_KEY: 't',
    OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
  });
});
