import type { AppDefinition } from '../apps/definition';
import { imageProblem } from './image';

const problem = (image: unknown): string | undefined =>
  imageProblem({ container: { docker: { image } } } as unknown as AppDefinition);

describe('the image of an app', () => {
  it.each([
    'nginx',
    'nginx:1.25-alpine',
    'library/my_app__x--y.z',
    'registry.example.com:5000/team/app:v1',
    'localhost/app',
    `gcr.io/a/b@sha256:${'0'.repeat(64)}`,
    undefined,
  ])('%s might be pulled', (image) => {
    expect(problem(image)).toBeUndefined();
  });

  it.each(['Nginx', 'nginx:', 'a b', '-x', 'x'.repeat(600), 'a//b'])('%j is no reference', (image) => {
    expect(problem(image)).toMatch(
      /^Failed to launch container: .*docker .* pull .*invalid reference format/s,
    );
  });

  it('of a registry that cannot be is not there', () => {
    expect(problem('registry.invalid:5000/app')).toContain('lookup registry.invalid: no such host');
    expect(imageProblem({} as AppDefinition)).toBeUndefined();
  });
});
