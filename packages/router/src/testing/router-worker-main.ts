import { runRouterWorkerProcess } from '../control';

runRouterWorkerProcess();
