/**
 * Sorts apps so that each comes after those it depends on: one list per round, the apps of a round being independent of each
 * other. Dependencies on what is not among them do not matter.
 * @param dependenciesOf ids of apps, or of groups, which stand for every app below them
 * @throws RangeError when they depend on each other in a circle
 */
export function dependencyRounds(
  apps: readonly string[],
  dependenciesOf: (app: string) => readonly string[],
): string[][] {
  const needed = new Map(apps.map((app) => [app, directly(app, apps, dependenciesOf(app))]));
  const rounds: string[][] = [];
  while (needed.size > 0) {
    const round = [...needed].filter(([, others]) => others.every((other) => !needed.has(other)));
    if (round.length === 0) throw new RangeError('Dependency graph has cyclic dependencies.');
    for (const [app] of round) needed.delete(app);
    rounds.push(round.map(([app]) => app));
  }
  return rounds;
}

function directly(app: string, apps: readonly string[], dependencies: readonly string[]): string[] {
  return apps.filter(
    (other) => other !== app && dependencies.some((one) => other === one || other.startsWith(`${one}/`)),
  );
}
