export { startKitchen, type RunningKitchen } from './kitchen';
export { selfSigned } from './self-signed';
export type { KitchenOptions, LogOutput } from './options';
export { kitchenCommand } from './command';
export { tinyCommand } from './tiny-command';
export {
  courierService,
  type CourierCall,
  type CourierState,
  type Delivery,
  type Package,
  type Summary,
} from './courier-service';
export { CourierClient, type CallEnd } from './courier-client';
