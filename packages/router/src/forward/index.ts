export { instanceAgents, type Agents, type BackendTls } from './agents';
export { ApiHop } from './api-hop';
export { Forwarder, type ForwarderParts } from './forwarder';
export { createProxy, type Proxy } from './proxy';
export { ServiceAuthorization, servicePassword } from './service-password';
export { Upgrader, type Upgrade } from './websocket/upgrader';
