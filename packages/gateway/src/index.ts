export { loadConfig } from './config/load.ts';
export type { Config } from './config/settle.ts';
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
