export { Http1Lane } from './lane';
