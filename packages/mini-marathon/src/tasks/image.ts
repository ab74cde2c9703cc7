import type { AppDefinition } from '../apps/definition';
import { objectOf } from '../apps/container';

const LONGEST = 512;
const DOMAIN = String.raw`[a-zA-Z0-9][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9][a-zA-Z0-9-]*)*(?::\d+)?`;
const COMPONENT = String.raw`[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*`;
const REFERENCE = new RegExp(
  String.raw`^(?:(${DOMAIN})\/)?${COMPONENT}(?:\/${COMPONENT})*(?::\w[\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-f]{32,})?$`,
);

/**
 * What the Docker client would say of the image of an app that nobody can pull; undefined where it might be pulled. Nothing is
 * pulled here, so this is known only of what is no reference, and of registries below `.invalid` (RFC 6761).
 */
export function imageProblem({ container }: AppDefinition): string | undefined {
  const image = objectOf(container?.['docker'])?.['image'];
  if (typeof image !== 'string') return undefined;
  const domain = image.length > LONGEST ? undefined : REFERENCE.exec(image);
  if (domain === undefined || domain === null) return pullFailed(image, 'invalid reference format');
  const host = domain[1]?.split(':')[0] ?? '';
  return /\.invalid$/i.test(host) ? pullFailed(image, `lookup ${host}: no such host`) : undefined;
}

/** In the words of the Mesos Docker containerizer. */
const pullFailed = (image: string, why: string): string =>
  `Failed to launch container: Failed to run 'docker -H unix:///var/run/docker.sock pull ${image}': ` +
  `exited with status 1; stderr='Error response from daemon: ${why}'`;
