// The engine's program: the server, whose compiled code Node keeps for the next start where it can (from version 22 on).
import * as nodeModule from 'node:module';

if ('enableCompileCache' in nodeModule) (nodeModule.enableCompileCache as () => void)();
// Not before the cache is on.
void import('./server');
